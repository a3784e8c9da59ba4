import { createInstruments } from "./metric-instruments.ts";
import { createReloadMetrics } from "./metric-shown.ts";

/** What only the process that starts the others knows. */
export function createWorkersMetrics(now: () => number) {
  const instruments = createInstruments();
  const serving = instruments.gauge({ name: "workers_serving", help: "Workers that serve; only where the setting workers is more than 1" });
  const ended = instruments.counter({
    name: "workers_ended_total",
    help: "Workers that ended by themselves: killed, crashed, or since they could not start; each is started anew",
  });
  return {
    registry: instruments.registry,
    reloaded: createReloadMetrics(instruments, now),
    setServing: (count: number): void => serving.set(count),
    countEnded: (): void => ended.inc(),
  };
}
