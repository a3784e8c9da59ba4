import type { DatabaseSize } from "./database-size.ts";
import { readUnderWay } from "./metrics.ts";
import { countFiles, readTurns, stretchBetween, type Turns } from "./process-files.ts";
import type { ReceiptSender } from "./receipts.ts";
import type { Recorder } from "./recorder.ts";
import type { Sample } from "./sample.ts";
import type { SoakedService } from "./service.ts";

type Parts = {
  readonly service: SoakedService;
  readonly recorder: Recorder;
  readonly database: DatabaseSize;
  readonly receipts: Pick<ReceiptSender, "sent">;
  /** Of so many samples, one has a collection of garbage before it. */
  readonly collectEvery: number;
};

const mib = 2 ** 20;

export function createSampler({ service, recorder, database, receipts, collectEvery }: Parts): () => Promise<Sample> {
  const begun = performance.now();
  let [count, cpuBefore] = [0, 0];
  const pids = [service.pid, process.pid];
  let turnsBefore: readonly Turns[] = [];
  return async () => {
    const held = await service.measure(count++ % collectEvery === 0);
    const [files, databaseMib] = await Promise.all([countFiles(service.pid), database.readMib()]);
    // As a monitoring system would, and nothing is left of it.
    await readUnderWay(service.addresses.metrics);
    const turns = await Promise.all(pids.map(readTurns));
    const stretch = Math.max(1, ...turnsBefore.map((each, index) => stretchBetween(each, turns[index] ?? each)));
    turnsBefore = turns;
    const { calls, latencies, outcomes } = recorder.take();
    const cpuMicrosPerCall = calls > 0 ? (held.cpuMicros - cpuBefore) / calls : 0;
    cpuBefore = held.cpuMicros;
    return {
      seconds: (performance.now() - begun) / 1000,
      calls,
      receipts: receipts.sent(),
      rssMib: held.rss / mib,
      ...(held.heap !== undefined && { heapMib: held.heap / mib }),
      ...(held.threadsHeap !== undefined && { threadsHeapMib: held.threadsHeap / mib }),
      externalMib: held.external / mib,
      ...files,
      handles: sumOf(held.handles),
      loopDelayMs: held.loopDelayMs,
      cpuMicrosPerCall,
      latencies,
      stretch,
      databaseMib,
      outcomes,
    };
  };
}

export const sumOf = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((total, count) => total + count, 0);
