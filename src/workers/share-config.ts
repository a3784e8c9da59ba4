import type { Config } from "../config/config.ts";

/** One worker's part of a configuration. Its number begins at 1. */
export function shareConfig(config: Config, worker: number): Config {
  const { metrics: _, ...listen } = config.listen;
  const providers = Object.entries(config.providers).map(([name, provider]) => {
    if (!("perSecond" in provider) || provider.perSecond === undefined) return [name, provider];
    return [name, { ...provider, perSecond: shareOf(provider.perSecond, config.workers, worker) }];
  });
  // The supervisor serves the metrics of all.
  return { ...config, listen, providers: Object.fromEntries(providers) };
}

/** The first ones get what cannot be divided. */
const shareOf = (whole: number, workers: number, worker: number): number =>
  Math.floor(whole / workers) + (worker <= whole % workers ? 1 : 0);
