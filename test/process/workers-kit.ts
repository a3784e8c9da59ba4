/** A service of several processes at one address, and what can be seen of them from outside. */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { type Key, sampleConfig, type Vendors } from "./production-config.ts";
import { patient } from "./rotation-kit.ts";
import { connectTo, type Launched, type Service, startService, type Wires } from "./service.ts";

export const timeout = 60_000;

export const workersConfig = (vendors: Vendors, caller: Key, workers = 2) => ({
  ...sampleConfig(vendors, [caller]),
  workers,
  listen: { admin: "127.0.0.1:0", metrics: "127.0.0.1:0" },
});

type Options = { readonly config: object; readonly store: string; readonly key: string };

export type Workers = Service & {
  /** Connections of their own, gRPC and JSON, in turns: each worker has some of them. */
  readonly many: Wires["wires"];
  readonly metrics: string;
};

export async function startWorkers({ config, store, key }: Options): Promise<Workers> {
  const service = await startService({ config, store, key, env: patient });
  const many = Array.from({ length: 4 }, () => connectTo(service, key)).flatMap(({ gRPC, JSON: json }) => [gRPC, json]);
  return { ...service, many, metrics: String(service.log().find(({ event }) => event === "started")?.metrics) };
}

export const countOf = (service: Launched, event: string): number => service.log().filter((line) => line.event === event).length;

/** Of the process that serves now as that worker. */
export const pidOf = (service: Launched, worker: number): number =>
  Number(service.log().findLast((line) => line.event === "worker_started" && line.worker === worker)?.pid);

/** Ends a worker without a word, and waits until another serves in its place. Gives the log line that tells of its end. */
export async function killWorker(service: Launched, worker: number): Promise<Record<string, unknown>> {
  const before = countOf(service, "worker_started");
  process.kill(pidOf(service, worker), "SIGKILL");
  await expect.poll(() => countOf(service, "worker_started"), { timeout }).toBe(before + 1);
  return service.log().findLast(({ event }) => event === "worker_ended") ?? {};
}

/** All that were ever started. */
export const pidsOf = (service: Launched): number[] =>
  service.log().flatMap((line) => (line.event === "worker_started" ? [Number(line.pid)] : []));

/** One that has ended and that nobody has asked about is gone, too. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** The sum of all samples of a metric. */
export async function readTotal(address: string, metric: string): Promise<number> {
  const response = await fetch(`http://${address}/metrics`);
  const values = [...(await response.text()).matchAll(new RegExp(`^${metric}(?:\\{.*\\})? (\\S+)$`, "gm"))];
  return values.reduce((sum, [, value]) => sum + Number(value), 0);
}
