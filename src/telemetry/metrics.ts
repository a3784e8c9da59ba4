import { createCallMetrics } from "./metric-calls.ts";
import { createAuthenticatorMetrics, createEventMetrics } from "./metric-events.ts";
import { createAbuseMetrics, createGuardMetrics } from "./metric-guard.ts";
import { createInstruments } from "./metric-instruments.ts";
import { createConnectionMetrics, createProcessMetrics, createShedMetrics, createWatcherMetrics } from "./metric-process.ts";
import { createReloadMetrics, createShownMetrics } from "./metric-shown.ts";
import { createStoreMetrics } from "./metric-store.ts";

export type Metrics = ReturnType<typeof createMetrics>;

/**
 * Everything that is counted. Each part takes what there is (events, a store, a guard) and gives back the same, which counts; so what is
 * done knows nothing of being counted. Labels hold names of the configuration and words of the code, never what a caller wrote.
 */
export function createMetrics(now: () => number) {
  const instruments = createInstruments();
  const { registry } = instruments;
  createProcessMetrics(instruments);
  const abuse = createAbuseMetrics(instruments);
  return {
    registry,
    observeCall: createCallMetrics(instruments),
    countEvents: createEventMetrics(instruments),
    countAuthenticators: createAuthenticatorMetrics(instruments),
    countStore: createStoreMetrics(instruments),
    countGuard: createGuardMetrics(instruments),
    countLimits: abuse.limits,
    countPumping: abuse.pumping,
    countWatchers: createWatcherMetrics(instruments),
    countConnections: createConnectionMetrics(instruments),
    countShed: createShedMetrics(instruments),
    show: createShownMetrics(instruments),
    reloaded: createReloadMetrics(instruments, now),
  };
}
