import type { Config } from "../config/config.ts";
import type { Logger } from "../telemetry/log.ts";
import type { MetricObject } from "../telemetry/metrics-together.ts";
import { type Deps, type Kept, keepWorker, type Seat } from "./keep-workers.ts";
import { reloadSeats } from "./reload-seats.ts";
import type { Served } from "./run-worker.ts";

export type Crew = {
  /** Settled when all serve, or the first of them cannot. */
  start(): Promise<Served>;
  /** Why it is of no use to go on: nobody serves, and nobody can be started. */
  readonly hopeless: Promise<string>;
  serving(): number;
  /** All serve by it, or, when this rejects, all go on with the one before. */
  reload(config: Config): Promise<void>;
  readMetrics(onRead: (worker: number, metrics: readonly MetricObject[]) => void): Promise<void>;
  /** They finish what they have begun, and end. */
  stop(): Promise<void>;
};

type Given = {
  readonly logger: Logger;
  readonly onChange: (serving: number) => void;
  readonly onEnded: (worker: number) => void;
};

/** Longer than any of them may take to finish what is in flight. */
const longestStopMs = 40_000;

export function createCrew(config: Config, { logger, onChange, onEnded }: Given): Crew {
  const seats = Array.from({ length: config.workers }, (_, index): Seat => ({ worker: index + 1, isServing: false, failedStarts: 0 }));
  const kept: Kept[] = [];
  const stopping = new AbortController();
  const hopeless = Promise.withResolvers<string>();
  const serving = (): number => seats.filter(({ isServing }) => isServing).length;
  const running = () => seats.flatMap((seat) => seat.running ?? []);
  const live = { config };
  const reload = reloadSeats(seats, live, logger);
  const deps: Deps = {
    logger,
    current: () => live.config,
    stopping: stopping.signal,
    onChange() {
      onChange(serving());
      // One that was started while the others took another configuration has the one before.
      void reload.bringUp();
    },
    onEnded: ({ worker }) => onEnded(worker),
    onHopeless: (message) => void (serving() === 0 && hopeless.resolve(message)),
  };
  const begin = (seat: Seat): Promise<Served> => {
    const worker = keepWorker(seat, deps);
    kept.push(worker);
    return worker.first;
  };
  return {
    async start() {
      const [one, ...others] = seats as [Seat, ...Seat[]];
      // By itself: it makes the store's tables, and what all of them would fail at is said once.
      const first = await begin(one);
      if (!first.ok || stopping.signal.aborted) return first;
      const rest = await Promise.all(others.map(begin));
      return rest.find(({ ok }) => !ok) ?? first;
    },
    hopeless: hopeless.promise,
    serving,
    reload: reload.all,
    async readMetrics(onRead) {
      await Promise.all(
        seats.map(async ({ worker, isServing, running: asked }) => {
          const metrics = isServing ? await asked?.readMetrics() : undefined;
          // Another process may be in the seat by now.
          if (metrics && asked === seats[worker - 1]?.running && seats[worker - 1]?.isServing) onRead(worker, metrics);
        }),
      );
    },
    async stop() {
      stopping.abort();
      for (const each of running()) each.stop();
      const late = setTimeout(() => running().map((each) => each.kill()), longestStopMs);
      await Promise.all(kept.map(({ done }) => done));
      clearTimeout(late);
    },
  };
}
