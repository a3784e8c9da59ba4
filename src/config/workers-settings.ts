import { availableParallelism } from "node:os";
import { z } from "zod";
import type { Config } from "./config.ts";
import type { Explained } from "./issue.ts";
import type { Salvaged } from "./salvage.ts";
import type { Settings } from "./settings.ts";

const most = 64;
const workersForm = `how many processes serve, a whole number from 1 to ${most}, or auto: as many as there are cores`;
const error = `write ${workersForm}`;

export const workersSettings = z
  .union([z.int({ error }).min(1, error).max(most, error), z.literal("auto")], { error })
  .default(1)
  .meta({ description: workersForm });

/** A container's share of the cores counts, where it has one. */
export const buildWorkers = (workers: Settings["workers"]): number =>
  workers === "auto" ? Math.min(most, availableParallelism()) : workers;

/** What only one process can have, or what is too little to be divided. */
export function checkWorkers({ workers, store, providers }: Salvaged<Settings>, mode: Config["mode"]): Explained[] {
  const count = workers === undefined ? 1 : buildWorkers(workers);
  if (count === 1) return [];
  return [...checkMemory(store?.url, mode), ...checkRates(providers, count)];
}

function checkMemory(url: string | undefined, mode: Config["mode"]): Explained[] {
  // In development, the inbox would be in each of them, and a message in one.
  if (mode === "development") {
    const message = "is more than 1, and in development mode messages stay in the memory of one process: leave it out, or write 1";
    return [{ path: ["workers"], message }];
  }
  if (url !== "sqlite::memory:") return [];
  return [{ path: ["workers"], message: "is more than 1, and store.url names the memory of one process: write sqlite:PATH there" }];
}

const checkRates = (providers: Salvaged<Settings>["providers"], count: number): Explained[] =>
  Object.entries(providers ?? {}).flatMap(([name, provider]) => {
    const perSecond = provider && "perSecond" in provider ? provider.perSecond : undefined;
    if (perSecond === undefined || perSecond >= count) return [];
    const message = `is divided among ${count} workers, of which each needs 1: write at least ${count}, or at most ${perSecond} in workers`;
    return [{ path: ["providers", name, "perSecond"], message }];
  });
