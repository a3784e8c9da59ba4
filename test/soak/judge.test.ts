import { describe, expect, it, test } from "vitest";
import { judge, usualAllowance } from "../../soak/judge.ts";
import type { Ended, Sample } from "../../soak/sample.ts";
import { growth, slope, thirds } from "../../soak/trend.ts";
import { makeSeries, wellEnded } from "./series.ts";

const notFlat = (samples: readonly Sample[], ended: Ended = wellEnded): string[] =>
  judge(samples, ended, usualAllowance)
    .filter(({ isFlat }) => !isFlat)
    .map(({ what }) => what);

const slower = ({ latencies }: Sample, times: number): Pick<Sample, "latencies"> => ({
  latencies: Object.fromEntries(
    Object.entries(latencies).map(([name, each]) => [name, { ...each, p50: each.p50 * times, p99: each.p99 * times }]),
  ),
});

describe("a service that stays as it is", () => {
  it("is flat, noise and all", () => {
    expect(notFlat(makeSeries())).toEqual([]);
  });

  it.for<[string, (sample: Sample, share: number, index: number) => Partial<Sample>]>([
    ["grows while it warms up", ({ rssMib }, share) => ({ rssMib: rssMib - Math.max(0, 0.25 - share) * 800 })],
    [
      "has a sample in ten that lies anywhere",
      ({ rssMib, files = 0 }, _, index) => (index % 10 ? {} : { rssMib: rssMib + 500, files: files + 400 }),
    ],
    [
      "is on a machine that is busy for some of the time",
      (sample, share) =>
        share > 0.6 && share < 0.9 ? { ...slower(sample, 40), loopDelayMs: sample.loopDelayMs * 20, stretch: sample.stretch * 3 } : {},
    ],
    ["becomes smaller and faster", (sample, share) => ({ rssMib: sample.rssMib - 50 * share, ...slower(sample, 1 - share / 2) })],
    ["is on a system that tells of no files", () => ({ files: undefined, sockets: undefined, threads: undefined })],
    ["has one thread", () => ({ threadsHeapMib: undefined })],
    ["has seconds without a call", (sample, _, index) => (index % 20 ? {} : slower(sample, Number.NaN))],
  ])("is flat when it %s", ([, change]) => {
    expect(notFlat(makeSeries(change))).toEqual([]);
  });
});

describe("a service that does not", () => {
  it.for<[string, (sample: Sample, share: number) => Partial<Sample>, string[]]>([
    // 60 bytes of each of 180,000 calls.
    ["60 bytes a call", ({ heapMib }, share) => (heapMib ? { heapMib: heapMib + 10 * share } : {}), ["heap after collection"]],
    [
      "memory of a thread",
      ({ threadsHeapMib }, share) => (threadsHeapMib ? { threadsHeapMib: threadsHeapMib + 10 * share } : {}),
      ["heap of other threads"],
    ],
    ["memory outside of the heap", ({ rssMib }, share) => ({ rssMib: rssMib + 60 * share }), ["resident memory"]],
    ["a file a minute", ({ files = 0 }, share) => ({ files: files + Math.round(30 * share) }), ["open files and sockets"]],
    ["threads", ({ threads = 0 }, share) => ({ threads: threads + Math.round(8 * share) }), ["threads"]],
    ["timers", ({ handles }, share) => ({ handles: handles + Math.round(80 * share) }), ["timers, sockets and requests"]],
  ])("leaks %s", ([, change, what]) => {
    expect(notFlat(makeSeries(change))).toEqual(what);
  });

  it("becomes slower, in what callers see and in what it costs", () => {
    const what = ["SendCode p50", "SendCode p99", "VerifyCode p50", "VerifyCode p99"];
    expect(notFlat(makeSeries((sample, share) => slower(sample, share > 0.6 ? 5 : 1)))).toEqual(what);
    expect(notFlat(makeSeries(({ cpuMicrosPerCall }, share) => ({ cpuMicrosPerCall: cpuMicrosPerCall * (1 + share) })))).toEqual([
      "processor per call",
    ]);
    expect(notFlat(makeSeries(({ loopDelayMs }, share) => ({ loopDelayMs: loopDelayMs * (share > 0.6 ? 6 : 1) })))).toEqual([
      "delay of the event loop",
    ]);
  });

  it.for<[string, Partial<Ended>, string]>([
    ["a watcher", { after: { ...wellEnded.after, underWay: { countersign_watchers: 1 } } }, "counted as under way at rest"],
    ["timers", { after: { ...wellEnded.after, handles: 40 } }, "timers, sockets and requests at rest"],
    ["sockets", { after: { ...wellEnded.after, files: 90 } }, "open files and sockets at rest"],
    ["an answer that nobody expected", { unexpected: ["shop VerifyCode: INTERNAL, not OK"] }, "answers that nobody expected"],
    ["a fault in its log", { faults: 1 }, "faults in the log"],
    ["a process that had to be killed", { exitCode: null }, "exit code after SIGTERM"],
    ["a part of the load that was not played", { acts: { cancel: 0 } }, "parts of the load that never came"],
  ])("leaves %s behind", ([, ended, what]) => {
    expect(notFlat(makeSeries(), { ...wellEnded, ...ended })).toEqual([what]);
  });

  it("is not called quick on a machine that others never left alone", () => {
    expect(notFlat(makeSeries(() => ({ stretch: 3 })))).toEqual(["times while the machine was quiet"]);
  });

  it("is not called flat on a handful of samples", () => {
    const found = notFlat(makeSeries(() => ({}), 11));
    expect(found).toEqual(expect.arrayContaining(["heap after collection", "resident memory", "times while the machine was quiet"]));
  });
});

describe("a trend", () => {
  const line = Array.from({ length: 40 }, (_, x) => [x, 3 + 2 * x] as const);

  test("is the slope of the line, whatever a fifth of the points say", () => {
    expect(slope(line)).toBe(2);
    expect(slope(line.map(([x, y]) => [x, x % 5 ? y : 1e6] as const))).toBeCloseTo(2, 0);
    expect(growth(line)).toBe(78);
  });

  test("is no number without points", () => {
    expect(slope([])).toBeNaN();
    expect(growth([[1, 1]])).toBeNaN();
    expect(thirds([1, 2])).toEqual({ first: Number.NaN, last: Number.NaN });
  });
});
