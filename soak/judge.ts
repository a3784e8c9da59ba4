import type { Ended, Sample } from "./sample.ts";
import { growth, median, type Point, thirds } from "./trend.ts";

/** What the run may do over the judged part of it, and still be called flat. */
export type Allowance = {
  readonly heapMib: number;
  readonly rssMib: number;
  readonly files: number;
  readonly threads: number;
  readonly handles: number;
  /** The last third's median by the first third's, beyond which something becomes slower. */
  readonly p50Ratio: number;
  readonly p99Ratio: number;
  readonly cpuRatio: number;
};

export const usualAllowance: Allowance = {
  heapMib: 4,
  rssMib: 24,
  files: 16,
  threads: 2,
  handles: 40,
  p50Ratio: 1.5,
  p99Ratio: 2,
  cpuRatio: 1.25,
};

export type Finding = { readonly what: string; readonly isFlat: boolean; readonly measured: string; readonly bound: string };

/** Not judged: code is compiled, caches fill, every connection is made once. */
const warmUpShare = 0.25;
/** Fewer of a kind tell no trend. */
const fewest = 9;
/** Beyond it, work queues up, and what callers wait for says nothing of the service. */
const mostStretch = 2;
/** Milliseconds that the scheduler of a busy machine adds now and then, whatever the service does. */
const noiseMs = { p50: 3, p99: 25, loop: 25 };

export function judge(samples: readonly Sample[], ended: Ended, allowed: Allowance): readonly Finding[] {
  const judged = samples.slice(Math.ceil(samples.length * warmUpShare));
  return [...judgeGrowth(judged, allowed), ...judgeTimes(judged, allowed), ...judgeEnd(ended)];
}

function judgeGrowth(samples: readonly Sample[], allowed: Allowance): Finding[] {
  const grows = (what: string, read: (sample: Sample) => number | undefined, bound: number, unit = ""): Finding => {
    const points = samples.flatMap((sample): Point[] => {
      const value = read(sample);
      return value === undefined ? [] : [[sample.seconds, value]];
    });
    if (points.length < fewest) return tooFew(what, points.length);
    const by = growth(points);
    const level = median(points.map(([, value]) => value));
    return {
      what,
      isFlat: by <= bound,
      measured: `${by.toFixed(2)}${unit} at ${level.toFixed(1)}${unit}`,
      bound: `growth ≤ ${bound}${unit}`,
    };
  };
  // On MongoDB there is one thread only.
  const hasThreads = samples.some(({ threadsHeapMib }) => threadsHeapMib !== undefined);
  const findings = [
    grows("heap after collection", ({ heapMib }) => heapMib, allowed.heapMib, " MiB"),
    ...(hasThreads ? [grows("heap of other threads", ({ threadsHeapMib }) => threadsHeapMib, allowed.heapMib, " MiB")] : []),
    grows("resident memory", ({ rssMib }) => rssMib, allowed.rssMib, " MiB"),
    grows("timers, sockets and requests", ({ handles }) => handles, allowed.handles),
  ];
  // Other systems than Linux do not tell.
  if (samples.every(({ files }) => files === undefined)) return findings;
  return [
    ...findings,
    grows("open files and sockets", ({ files }) => files, allowed.files),
    grows("threads", ({ threads }) => threads, allowed.threads),
  ];
}

/** Times are those of the service only while nobody else has its processor; by how much others still had it, they are drawn in again. */
function judgeTimes(all: readonly Sample[], allowed: Allowance): Finding[] {
  const samples = all.filter(({ stretch }) => stretch <= mostStretch);
  if (samples.length < fewest) return [tooFew("times while the machine was quiet", samples.length)];
  const slows = (what: string, read: (sample: Sample) => number | undefined, most: { ratio: number; noise: number }, unit = " ms") => {
    const values = samples.flatMap((sample) => read(sample) ?? []);
    if (values.length < fewest) return tooFew(what, values.length);
    const { first, last } = thirds(values);
    const bound = first * most.ratio + most.noise;
    const measured = `${first.toFixed(1)} → ${last.toFixed(1)}${unit}`;
    return { what, isFlat: last <= bound, measured, bound: `last third ≤ ${bound.toFixed(1)}${unit}` };
  };
  const p50 = { ratio: allowed.p50Ratio, noise: noiseMs.p50 };
  const p99 = { ratio: allowed.p99Ratio, noise: noiseMs.p99 };
  const names = Object.keys(samples[0]?.latencies ?? {});
  return [
    ...names.flatMap((name) => [
      slows(`${name} p50`, ({ latencies, stretch }) => drawnIn(latencies[name]?.p50, stretch), p50),
      slows(`${name} p99`, ({ latencies, stretch }) => drawnIn(latencies[name]?.p99, stretch), p99),
    ]),
    slows("delay of the event loop", ({ loopDelayMs, stretch }) => drawnIn(loopDelayMs, stretch), {
      ratio: p99.ratio,
      noise: noiseMs.loop,
    }),
    slows("processor per call", ({ cpuMicrosPerCall }) => cpuMicrosPerCall, { ratio: allowed.cpuRatio, noise: 0 }, " µs"),
  ];
}

const drawnIn = (ms: number | undefined, stretch: number): number | undefined =>
  ms === undefined || Number.isNaN(ms) ? undefined : ms / stretch;

function judgeEnd({ before, after, exitCode, faults, unexpected, acts }: Ended): Finding[] {
  const left = Object.entries(after.underWay).filter(([, count]) => count !== 0);
  const never = Object.entries(acts).flatMap(([name, count]) => (count > 0 ? [] : [name]));
  const none = (what: string, found: readonly string[]): Finding => ({
    what,
    isFlat: found.length === 0,
    measured: found.length === 0 ? "none" : `${found.length}, such as ${found[0]}`,
    bound: "none",
  });
  const atRest = (what: string, then: number, now: number): Finding => ({
    what,
    isFlat: now <= then + restNoise,
    measured: `${then} → ${now}`,
    bound: `≤ ${then + restNoise}`,
  });
  return [
    none(
      "counted as under way at rest",
      left.map(([name, count]) => `${name} ${count}`),
    ),
    atRest("timers, sockets and requests at rest", before.handles, after.handles),
    ...(before.files === undefined || after.files === undefined
      ? []
      : [atRest("open files and sockets at rest", before.files, after.files)]),
    none("answers that nobody expected", unexpected),
    none("faults in the log", faults === 0 ? [] : [`${faults} lines`]),
    none("parts of the load that never came", never),
    { what: "exit code after SIGTERM", isFlat: exitCode === 0, measured: String(exitCode), bound: "0" },
  ];
}

/** A connection that a provider keeps for the next message, a timer that was started lazily. */
const restNoise = 12;

const tooFew = (what: string, count: number): Finding => ({
  what,
  isFlat: false,
  measured: `${count} samples`,
  bound: `≥ ${fewest} after the first quarter: soak for longer`,
});
