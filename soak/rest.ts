import { setTimeout as sleep } from "node:timers/promises";
import { readUnderWay } from "./metrics.ts";
import { countFiles } from "./process-files.ts";
import type { Rest } from "./sample.ts";
import { sumOf } from "./sampler.ts";
import type { SoakedService } from "./service.ts";

/**
 * Waits for what still has its time to run: a configuration that was replaced keeps its parts for the 17 s that its last calls may
 * take, and connections linger. Gives the state when nothing is left, or when it should not be there any more.
 */
export async function settle(service: SoakedService, before: Rest, seconds: number): Promise<Rest> {
  const giveUpAt = performance.now() + seconds * 1000;
  for (;;) {
    const rest = await measureRest(service);
    const isEmpty = Object.values(rest.underWay).every((count) => count === 0);
    const isAsBefore = rest.handles <= before.handles + 2 && (rest.files ?? 0) <= (before.files ?? 0) + 2;
    if ((isEmpty && isAsBefore) || performance.now() > giveUpAt) return rest;
    await sleep(500);
  }
}

/** When nobody calls any more. */
export async function measureRest(service: SoakedService): Promise<Rest> {
  const [held, files, underWay] = await Promise.all([
    service.measure(false),
    countFiles(service.pid),
    readUnderWay(service.addresses.metrics),
  ]);
  return { handles: sumOf(held.handles), ...(files && { files: files.files }), underWay };
}
