/** The service as in production, with so many workers; nothing that is asked of it here is sent. */
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createKey, hashKey } from "../src/rpc/auth.ts";
import { startProgram } from "./processes.ts";

export type WorkersService = {
  readonly workers: number;
  readonly http: string;
  readonly key: string;
  /** Those that serve. */
  readonly pids: readonly number[];
  /** CPU time of all its processes so far, in seconds; NaN where the system does not tell. */
  cpuSeconds(): number;
  stop(): Promise<void>;
};

/** Known to everybody, and asked for by nobody else: a message to it is never sent. */
export const sandbox = { recipient: "+4915100000000", code: "123456" } as const;

export async function startWorkersService(workers: number, folder: string): Promise<WorkersService> {
  const key = createKey(randomBytes);
  const name = `workers-${workers}`;
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, JSON.stringify(configOf(workers, key, `sqlite:${join(folder, `${name}.db`)}`)), { mode: 0o600 });
  const program = await startProgram({ file: "../src/main.ts", name, folder, env: { COUNTERSIGN_CONFIG: file } });
  const serving = workerPids(readFileSync(join(folder, `${name}.log`), "utf8"));
  const pids = [program.pid, ...serving];
  return {
    workers,
    http: program.addresses.http,
    key,
    pids: serving.length > 0 ? serving : pids,
    cpuSeconds: () => pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0),
    stop: () => program.stop(),
  };
}

const secret = (): string => randomBytes(32).toString("base64");

const configOf = (workers: number, key: string, url: string) => ({
  workers,
  listen: { grpc: "127.0.0.1:0", http: "127.0.0.1:0" },
  store: { url },
  secrets: { ledgerKey: secret(), codeKeys: [{ id: "a", secret: secret() }] },
  // With next to no lines: what writes them is no part of the measure.
  log: { level: "info", keepOneIn: 10_000, repeatsPerMinute: 1 },
  applications: [
    {
      id: "shop",
      displayName: "Shop",
      purposes: ["login"],
      channels: ["sms"],
      policy: { countries: ["DE"] },
      sandbox: [{ ...sandbox, production: true }],
      keys: [{ id: "bench", hash: `sha256:${hashKey(key)}` }],
    },
  ],
  sendLimits: [],
  providers: { own: { kind: "webhook", url: "https://gateway.example.com/", channels: ["sms"], secrets: [`whsec_${secret()}`] } },
  channels: { sms: ["own"] },
});

const workerPids = (log: string): number[] =>
  log.split("\n").flatMap((line) => (line.includes('"event":"worker_started"') ? [Number((JSON.parse(line) as { pid: number }).pid)] : []));

/** Linux counts in hundredths of a second. */
function cpuSecondsOf(pid: number): number {
  try {
    const [, , , , , , , , , , , user, system] = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    return (Number(user) + Number(system)) / 100;
  } catch {
    return Number.NaN;
  }
}
