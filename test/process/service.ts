/** The service as its operators have it: a process, its environment, its output, its exit code. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { stringify } from "yaml";
import type { ClientTls } from "../rpc/tls-fetch.ts";
import { type Addresses, type WireClient, wireClients } from "../rpc/wire-clients.ts";

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly ms: number };

export type Launched = {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** The log so far, without what is not JSON. */
  readonly log: () => readonly Record<string, unknown>[];
  /** Sends a signal and waits for the end. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<Exit>;
  readonly exited: Promise<Exit>;
};

/** All four, and the two that most callers use. */
export type Wires = { readonly wires: readonly WireClient[]; readonly gRPC: WireClient; readonly JSON: WireClient };
export type Service = Launched & Addresses & Wires;

export type Options = {
  /** Besides free ports; nothing of the test's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The store's URL. */
  readonly store?: string;
  /** Written to a file that COUNTERSIGN_CONFIG names. */
  readonly config?: object | string;
  /** Sent with every call of `wires`. */
  readonly key?: string;
  /** How `wires` speak to listeners with a certificate. */
  readonly tls?: ClientTls;
  /** Where a test reads the output by itself, or does not. */
  readonly unread?: true;
};

const root = fileURLToPath(new URL("../../", import.meta.url));
const main = join(root, "src/main.ts");
const free = "127.0.0.1:0";

const running = new Set<ChildProcess>();
const folders: string[] = [];
const clients: WireClient[] = [];

afterAll(async () => {
  for (const client of clients) client.close();
  await Promise.all([...running].map(end));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts a process and waits for nothing; `args` make it a command. */
export function launch({ env, store, config, unread }: Options, args: readonly string[] = []): Launched {
  const started = performance.now();
  const child = spawn(process.execPath, [main, ...args], {
    cwd: newFolder(),
    env: {
      PATH: process.env.PATH ?? "",
      COUNTERSIGN_GRPC_ADDR: free,
      COUNTERSIGN_HTTP_ADDR: free,
      ...(store !== undefined && { COUNTERSIGN_STORE_URL: store }),
      ...(config !== undefined && { COUNTERSIGN_CONFIG: writeConfig(config) }),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const exited = once(child, "close").then(([code, signal]) => {
    running.delete(child);
    return { code, signal, ms: performance.now() - started } as Exit;
  });
  const stdout = unread ? () => "" : gather(child.stdout);
  return {
    pid: child.pid as number,
    child,
    stdout,
    stderr: gather(child.stderr),
    log: () => logLines(stdout()),
    exited,
    async stop(signal = "SIGTERM") {
      const asked = performance.now();
      child.kill(signal);
      return { ...(await exited), ms: performance.now() - asked };
    },
  };
}

/** Starts the service and waits until it serves. */
export async function startService(options: Options = {}): Promise<Service> {
  const launched = launch(options);
  const started = await Promise.race([seen(launched, "started"), launched.exited]);
  if (!("event" in started)) throw new Error(`the service did not start: ${launched.stderr()}`);
  const addresses = { grpc: String(started.grpc), http: String(started.http) };
  return { ...launched, ...addresses, ...connectTo(addresses, options.key, options.tls) };
}

/** As another caller, or as many of them. */
export function connectTo(addresses: Addresses, key?: string, tls?: ClientTls): Wires {
  const wires = wireClients(addresses, key, tls);
  clients.push(...wires);
  return { wires, gRPC: wireOf(wires, "gRPC"), JSON: wireOf(wires, "JSON") };
}

/** The first log line of that event. */
export async function seen(launched: Launched, event: string): Promise<Record<string, unknown>> {
  for (;;) {
    const line = launched.log().find((each) => each.event === event);
    if (line) return line;
    if (!running.has(launched.child)) return new Promise(() => undefined);
    await sleep(10);
  }
}

export async function runCommand(...args: string[]): Promise<string> {
  const { exited, stdout, stderr } = launch({ env: { COUNTERSIGN_GRPC_ADDR: free } }, args);
  const { code } = await exited;
  if (code !== 0) throw new Error(`${args[0]}: exit code ${code}: ${stderr()}`);
  return stdout();
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-process-"));
  folders.push(folder);
  return folder;
}

export const newSqlite = (): { readonly path: string; readonly url: string } => {
  const path = join(newFolder(), "ledgers.db");
  return { path, url: `sqlite:${path}` };
};

/** A port that was free a moment ago, where a test must know it beforehand. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function writeConfig(config: object | string): string {
  const file = join(newFolder(), "countersign.yaml");
  writeFileSync(file, typeof config === "string" ? config : stringify(config), { mode: 0o600 });
  return file;
}

function gather(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

const logLines = (text: string): Record<string, unknown>[] =>
  text.split("\n").flatMap((line) => (line.startsWith("{") && line.endsWith("}") ? [JSON.parse(line) as Record<string, unknown>] : []));

function wireOf(wires: readonly WireClient[], name: WireClient["name"]): WireClient {
  const wire = wires.find((each) => each.name === name);
  if (!wire) throw new Error(`no wire ${name}`);
  return wire;
}

async function end(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  if (running.has(child)) await once(child, "close");
}
