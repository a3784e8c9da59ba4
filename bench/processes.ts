/** The measured programs, each in a process of its own, with `meter.ts` beside it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export type Measured = {
  readonly addresses: { readonly grpc: string; readonly http: string };
  readonly pid: number;
  /** CPU time of all its threads so far, in microseconds. */
  cpuMicros(): Promise<number>;
  stop(): Promise<void>;
};

type Program = {
  /** Relative to this folder. */
  readonly file: string;
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly nodeOptions?: readonly string[];
};

const startMs = 15_000;
const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Its log goes to a file, as an operator's would; the line `"event":"started"` in it names the addresses. */
export async function startProgram({ file, name, env, folder, nodeOptions = [] }: Program): Promise<Measured> {
  const logPath = join(folder, `${name}.log`);
  const log = openSync(logPath, "w");
  const child = spawn(process.execPath, ["--import", pathOf("./meter.ts"), ...nodeOptions, pathOf(file)], {
    env: { ...process.env, ...env },
    stdio: ["ignore", log, "inherit", "ipc"],
  });
  closeSync(log);
  return { addresses: await started(child, logPath), pid: child.pid as number, cpuMicros: () => cpuMicros(child), stop: () => stop(child) };
}

async function started(child: ChildProcess, logPath: string): Promise<Measured["addresses"]> {
  const giveUpAt = performance.now() + startMs;
  for (;;) {
    const line = readFileSync(logPath, "utf8")
      .split("\n")
      .find((text) => text.includes('"event":"started"'));
    if (line) return JSON.parse(line) as Measured["addresses"];
    if (child.exitCode !== null) throw new Error(`${logPath}: the program ended before it had started`);
    if (performance.now() > giveUpAt) throw new Error(`${logPath}: the program did not start in ${startMs} ms`);
    await sleep(20);
  }
}

async function cpuMicros(child: ChildProcess): Promise<number> {
  child.send("usage");
  const [{ user, system }] = (await once(child, "message")) as [NodeJS.CpuUsage];
  return user + system;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}
