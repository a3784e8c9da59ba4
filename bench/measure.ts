import { setTimeout as sleep } from "node:timers/promises";
import type { Measured } from "./processes.ts";

/** What one burst of calls took. */
export type Sample = {
  readonly calls: number;
  readonly seconds: number;
  readonly cpuMicros: number;
  /** Milliseconds, one per call. */
  readonly latencies: readonly number[];
};

/**
 * A closed loop: so many callers, each of which makes its next call when the one before was answered. What the calls leave to be done
 * behind them counts as their CPU time too, and is waited for, so that it slows down nobody else's.
 */
export async function measure(measured: Measured, parallel: number, calls: readonly (() => Promise<void>)[]): Promise<Sample> {
  const latencies: number[] = [];
  const queue = calls.values();
  const caller = async (): Promise<void> => {
    for (const call of queue) {
      const start = performance.now();
      await call();
      latencies.push(performance.now() - start);
    }
  };
  const cpuBefore = await measured.cpuMicros();
  const start = performance.now();
  await Promise.all(Array.from({ length: parallel }, caller));
  const seconds = (performance.now() - start) / 1000;
  return { calls: calls.length, seconds, cpuMicros: (await cpuAtRest(measured)) - cpuBefore, latencies };
}

/** Longer than anything is gathered for (`gatherMs` in src/assemble). */
const restMs = 130;
const busyShare = 0.05;

async function cpuAtRest(measured: Measured): Promise<number> {
  for (let before = await measured.cpuMicros(), looks = 1; ; looks++) {
    await sleep(restMs);
    const now = await measured.cpuMicros();
    if (now - before < busyShare * restMs * 1000 || looks === 20) return now;
    before = now;
  }
}

/** Several bursts as one. */
export const merge = (samples: readonly Sample[]): Sample => ({
  calls: sum(samples.map(({ calls }) => calls)),
  seconds: sum(samples.map(({ seconds }) => seconds)),
  cpuMicros: sum(samples.map(({ cpuMicros }) => cpuMicros)),
  latencies: samples.flatMap(({ latencies }) => latencies),
});

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
