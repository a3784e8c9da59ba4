/** One storm on one service, each in a process of its own, with honest callers beside them who were there in the quiet before. */
import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Addresses } from "../rpc/wire-clients.ts";

export type Waits = {
  readonly calls: number;
  readonly failures: number;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
};
export type Weather = Waits & { readonly peakMiB: number };
export type Report = {
  readonly quiet: Weather;
  readonly storm: Weather;
  readonly achieved: Readonly<Record<string, number>>;
  /** Open files of the service: in the quiet, and after the storm. */
  readonly files: { readonly before: number; readonly after: number };
};

type Options = {
  readonly name: string;
  readonly size: number;
  readonly seconds: number;
  /** Settings by their environment variables. */
  readonly env?: Readonly<Record<string, string>>;
};

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export async function runStorm({ name, size, seconds, env = {} }: Options): Promise<Report> {
  const children: ChildProcess[] = [];
  try {
    const { service, addresses } = await startService(env);
    children.push(service);
    const honest = fork(path("honest.ts"), [addresses.grpc, addresses.http], { stdio: "inherit" });
    children.push(honest);
    // Until everything that is compiled when it is first used has been.
    await sleep(2_000);
    await ask(honest);
    const quiet = await watch(service, honest, sleep(seconds * 1_000));
    const before = filesOf(service);
    const attackers = fork(path("attackers.ts"), [name, addresses.grpc, addresses.http, String(size), String(seconds)], {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    children.push(attackers);
    const said = gather(attackers);
    const storm = await watch(service, honest, once(attackers, "close"));
    return { quiet, storm, achieved: JSON.parse(said()), files: { before, after: await settledFiles(service, before) } };
  } finally {
    for (const child of children) child.kill("SIGKILL");
  }
}

async function startService(env: Readonly<Record<string, string>>): Promise<{ service: ChildProcess; addresses: Addresses }> {
  const free = "127.0.0.1:0";
  const listen = { COUNTERSIGN_GRPC_ADDR: free, COUNTERSIGN_HTTP_ADDR: free, COUNTERSIGN_LOG_LEVEL: "info" };
  const service = spawn(process.execPath, [path("../../src/main.ts")], {
    env: { PATH: process.env.PATH ?? "", ...listen, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said = gather(service);
  for (;;) {
    const started = said()
      .split("\n")
      .find((line) => line.includes('"event":"started"'));
    if (started) return { service, addresses: JSON.parse(started) as Addresses };
    if (service.exitCode !== null) throw new Error("the service did not start");
    await sleep(20);
  }
}

/** What honest callers, and the memory of the service, went through meanwhile. */
async function watch(service: ChildProcess, honest: ChildProcess, meanwhile: Promise<unknown>): Promise<Weather> {
  let isOver = false;
  let peakMiB = 0;
  const look = async (): Promise<void> => {
    for (; !isOver; await sleep(100)) peakMiB = Math.max(peakMiB, memoryOf(service));
  };
  const looking = look();
  await meanwhile;
  isOver = true;
  await looking;
  return { ...(await ask(honest)), peakMiB: Math.round(peakMiB) };
}

async function ask(honest: ChildProcess): Promise<Waits> {
  honest.send("how long?");
  const [waits] = (await once(honest, "message")) as [Waits];
  return waits;
}

const memoryOf = ({ pid }: ChildProcess): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
const filesOf = ({ pid }: ChildProcess): number => readdirSync(`/proc/${pid}/fd`).length;

/** Once the connections of those who have gone are closed. */
async function settledFiles(service: ChildProcess, before: number): Promise<number> {
  for (let turn = 0; turn < 200 && filesOf(service) > before; turn++) await sleep(100);
  return filesOf(service);
}

function gather({ stdout }: ChildProcess): () => string {
  const chunks: Buffer[] = [];
  stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
