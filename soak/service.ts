/** The service as a process of its own, with `probe.ts` beside it, its log in a file. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, createReadStream, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Held } from "./probe.ts";

export type SoakedService = {
  readonly pid: number;
  readonly addresses: { readonly grpc: string; readonly http: string; readonly metrics: string };
  measure(withCollection: boolean): Promise<Held>;
  /** Writes the configuration and says so. */
  reload(config: object): void;
  /** Ends it in order, and gives its exit code. */
  stop(): Promise<number | null>;
  readonly hasEnded: () => boolean;
  countLines(events: readonly string[]): Promise<Readonly<Record<string, number>>>;
};

type Start = { readonly folder: string; readonly store: string; readonly config: object; readonly preload: string | undefined };

/**
 * What grows for a long time, to a size that is known, and would hide what grows for ever: V8 lets the young generation of each thread
 * grow to 128 MiB where the machine has much memory; and glibc keeps the 16 to 32 MiB that each hash of a recovery code takes, once for
 * each of the threads that have ever made one.
 */
const steady = { nodeOptions: ["--max-semi-space-size=16"], env: { MALLOC_MMAP_THRESHOLD_: String(2 ** 20) } };

const startMs = 60_000;
const answerMs = 60_000;
const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

export async function startService({ folder, store, config, preload }: Start): Promise<SoakedService> {
  const [logPath, file] = [join(folder, "service.log"), join(folder, "countersign.yaml")];
  // Connections to the database stay open at rest: so few that others which stay are seen beside them.
  const settings = { url: store, ...(store.startsWith("mongodb") && { pool: { max: 8 } }) };
  // JSON is YAML.
  const write = (next: object): void => writeFileSync(file, JSON.stringify({ ...next, store: settings }), { mode: 0o600 });
  write(config);
  const log = openSync(logPath, "w");
  const imports = ["./probe.ts"].map(pathOf).concat(preload ?? []);
  const child = spawn(
    process.execPath,
    [...steady.nodeOptions, ...imports.flatMap((each) => ["--import", each]), pathOf("../src/main.ts")],
    {
      env: { ...steady.env, PATH: process.env.PATH ?? "", COUNTERSIGN_CONFIG: file },
      stdio: ["ignore", log, "inherit", "ipc"],
      // A Ctrl-C is for the soak, which ends the service when the load has ended.
      detached: true,
    },
  );
  closeSync(log);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const addresses = await started(hasEnded, logPath).catch((error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  return {
    pid: child.pid as number,
    addresses,
    hasEnded,
    measure: (withCollection) => ask(child, withCollection ? "collect" : "measure"),
    reload(next) {
      write(next);
      child.kill("SIGHUP");
    },
    async stop() {
      if (hasEnded()) return child.exitCode;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), startMs);
      await exited;
      clearTimeout(late);
      return child.exitCode;
    },
    countLines: (events) => countLines(logPath, events),
  };
}

async function started(hasEnded: () => boolean, logPath: string): Promise<SoakedService["addresses"]> {
  const giveUpAt = performance.now() + startMs;
  for (;;) {
    const line = readFileSync(logPath, "utf8")
      .split("\n")
      .find((text) => text.includes('"event":"started"') && text.endsWith("}"));
    if (line) return JSON.parse(line) as SoakedService["addresses"];
    if (hasEnded()) throw new Error("the service ended before it had started");
    if (performance.now() > giveUpAt) throw new Error(`the service did not start in ${startMs} ms`);
    await sleep(50);
  }
}

async function ask(child: ChildProcess, question: string): Promise<Held> {
  const answer = once(child, "message", { signal: AbortSignal.timeout(answerMs) });
  child.send(question);
  const [held] = (await answer) as [Held];
  return held;
}

async function countLines(path: string, events: readonly string[]): Promise<Record<string, number>> {
  const counts = Object.fromEntries(events.map((event) => [event, 0]));
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const [, event = ""] = /"event":"(\w+)"/.exec(line) ?? [];
    if (event in counts) counts[event] = (counts[event] ?? 0) + 1;
  }
  return counts;
}
