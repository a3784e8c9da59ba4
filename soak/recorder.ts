import type { Latency } from "./sample.ts";
import { quantile } from "./trend.ts";

/** What came of the calls, since the beginning and since the last sample. */
export type Recorder = {
  call(method: string, outcome: string, ms: number): void;
  act(name: string): void;
  unexpected(what: string): void;
  /** Of the calls since the last one. */
  take(): { readonly calls: number; readonly latencies: Record<string, Latency>; readonly outcomes: Record<string, number> };
  readonly total: () => number;
  readonly surprises: () => readonly string[];
  readonly acts: () => Record<string, number>;
  readonly outcomes: () => ReadonlyMap<string, number>;
};

/** The two that count; the others are too few in some seconds for a quantile. */
const timed = ["SendCode", "VerifyCode"];
const mostSurprises = 200;

export function createRecorder(acts: readonly string[]): Recorder {
  const played = new Map(acts.map((name) => [name, 0]));
  const outcomes = new Map<string, number>();
  const surprises = new Map<string, { count: number; readonly second: number }>();
  const begun = performance.now();
  let total = 0;
  let recent = newRecent();
  const add = (counts: Map<string, number>, name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
  return {
    call(method, outcome, ms) {
      total += 1;
      add(outcomes, `${method} ${outcome}`);
      add(recent.outcomes, outcome);
      recent.latencies.get(method)?.push(ms);
      recent.calls += 1;
    },
    act: (name) => add(played, name),
    unexpected(what) {
      const known = surprises.get(what);
      if (known) known.count += 1;
      else if (surprises.size < mostSurprises) surprises.set(what, { count: 1, second: Math.round((performance.now() - begun) / 1000) });
    },
    take() {
      const { calls, latencies, outcomes: since } = recent;
      recent = newRecent();
      return {
        calls,
        latencies: Object.fromEntries([...latencies].map(([name, values]) => [name, latencyOf(values)])),
        outcomes: Object.fromEntries(since),
      };
    },
    total: () => total,
    surprises: () => [...surprises].map(([what, { count, second }]) => `${what} (${count} times, first in second ${second})`),
    acts: () => Object.fromEntries(played),
    outcomes: () => outcomes,
  };
}

const newRecent = () => ({
  calls: 0,
  latencies: new Map<string, number[]>(timed.map((name) => [name, []])),
  outcomes: new Map<string, number>(),
});

export const latencyOf = (values: readonly number[]): Latency => ({
  count: values.length,
  p50: quantile(values, 0.5),
  p99: quantile(values, 0.99),
});
