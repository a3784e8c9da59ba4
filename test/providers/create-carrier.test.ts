import { afterEach, describe, expect, test, vi } from "vitest";
import { accepted, createCarrying, refusedBy, type Send, throttled, timedOut, unreachable, unsure, untilAborted } from "./carrying.ts";

afterEach(() => void vi.useRealTimers());

describe("who is asked after which answer", () => {
  test.for([
    ["accepted", accepted, ["a"]],
    ["throttled", throttled, ["a", "b"]],
    ["unreachable", unreachable, ["a", "b"]],
    ["credentials refused", refusedBy("credentials_refused"), ["a", "b"]],
    ["sender refused", refusedBy("sender_refused"), ["a", "b"]],
    ["a bad number", refusedBy("recipient_refused"), ["a"]],
    ["a recipient who opted out", refusedBy("recipient_opted_out"), ["a"]],
    ["nobody knows", unsure, ["a"]],
  ] as const)("%s", async ([, answer, asked]) => {
    const f = createCarrying({ a: () => answer, b: () => accepted });
    const decided = await f.carry();
    expect(f.asked).toEqual(asked);
    expect(decided).toMatchObject(asked.length === 2 ? { provider: "b", result: accepted } : { provider: "a", result: answer });
    expect(f.attempts.map(({ provider }) => provider)).toEqual(asked);
    expect(f.attempts.at(-1)).toEqual(decided);
  });
});

describe("when all fail", () => {
  test.for([
    [[throttled, unreachable], { ...unreachable }],
    [[throttled, refusedBy("credentials_refused")], { outcome: "retryable", failure: "credentials_refused" }],
    [[refusedBy("credentials_refused"), throttled], { ...throttled }],
    [[refusedBy("credentials_refused"), refusedBy("sender_refused")], { outcome: "permanent", failure: "sender_refused" }],
  ] as const)("the last failure is told, and another try is worth it if any of them might take it (%#)", async ([[a, b], told]) => {
    const f = createCarrying({ a: () => a, b: () => b });
    expect(await f.carry()).toMatchObject({ provider: "b", result: told });
    expect(f.attempts.map(({ result }) => result)).toEqual([a, b]);
  });

  test("a caller who is gone is no reason to ask the next one", async () => {
    const gone = new AbortController();
    const f = createCarrying({
      a: () => {
        gone.abort();
        return unreachable;
      },
      b: () => accepted,
    });
    expect(await f.carry({ signal: gone.signal })).toMatchObject({ provider: "a", result: unreachable });
    expect(await f.carry({ signal: gone.signal })).toMatchObject({ provider: "", result: timedOut });
    expect(f.asked).toEqual(["a"]);
  });

  test("a fault of ours is nobody's answer", async () => {
    const f = createCarrying({ a: () => Promise.reject(new Error("bug")), b: () => accepted });
    await expect(f.carry()).rejects.toThrow("bug");
    expect(f.asked).toEqual(["a"]);
  });
});

describe("the time there is", () => {
  const endings = (start: number) => {
    const at: number[] = [];
    const send: Send = (_, signal) =>
      new Promise((resolve) =>
        signal.addEventListener("abort", () => {
          at.push(Math.round(performance.now() - start));
          resolve(timedOut);
        }),
      );
    return { at, send };
  };

  test.for([
    [12_500, 3, [4_000, 8_000, 12_000]],
    [15_000, 1, [14_500]],
    [2_000, 2, [1_000, 1_800]],
    [1_200, 3, [1_000]],
    [600, 2, [540]],
  ] as const)("%i ms for %i that never answer", async ([remainingMs, count, ends]) => {
    vi.useFakeTimers();
    const { at, send } = endings(performance.now());
    const f = createCarrying(Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, send])));
    const carried = f.carry({ remainingMs });
    await vi.advanceTimersByTimeAsync(remainingMs);
    expect(await carried).toMatchObject({ provider: `p${ends.length - 1}`, result: timedOut });
    expect(at).toEqual(ends);
  });

  test("who is quick leaves its share to the next", async () => {
    vi.useFakeTimers();
    const { at, send } = endings(performance.now());
    const f = createCarrying({ quick: () => unreachable, slow: send, last: () => accepted });
    const carried = f.carry({ remainingMs: 10_000 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await carried).toMatchObject({ provider: "last", result: accepted });
    expect(at).toEqual([4_750]);
  });

  test("once the request has left, a provider has all the time, since nobody can be asked after it", async () => {
    vi.useFakeTimers();
    const started = performance.now();
    let ended = 0;
    const f = createCarrying({
      a: (_, signal, onWritten) => {
        setTimeout(onWritten, 1_000);
        return new Promise((resolve) =>
          signal.addEventListener("abort", () => {
            ended = performance.now() - started;
            resolve(unsure);
          }),
        );
      },
      b: () => accepted,
    });
    const carried = f.carry({ remainingMs: 4_000 });
    await vi.advanceTimersByTimeAsync(4_000);
    expect(await carried).toMatchObject({ provider: "a", result: unsure });
    expect(Math.round(ended)).toBe(3_600);
    expect(f.asked).toEqual(["a"]);
  });

  test("a provider that lately failed gets no time set aside", async () => {
    vi.useFakeTimers();
    let slow: Send = () => accepted;
    const f = createCarrying({ down: () => unreachable, other: (...call) => slow(...call) }, { openMs: 60_000 });
    for (let i = 0; i < 3; i += 1) await f.carry();
    const { at, send } = endings(performance.now());
    slow = send;
    const carried = f.carry({ remainingMs: 10_000 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await carried).toMatchObject({ provider: "other", result: timedOut });
    expect(at).toEqual([9_500]);
  });

  test("nothing is left running after an answer", async () => {
    const answerAfter = (onWritten: () => void) => {
      onWritten();
      return accepted;
    };
    vi.useFakeTimers();
    const f = createCarrying({ a: () => unreachable, b: (_, __, onWritten) => answerAfter(onWritten) });
    await f.carry();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("circuits", () => {
  test("a provider that fails again and again is passed over, in that country, until it is well", async () => {
    vi.useFakeTimers();
    let down = true;
    const f = createCarrying({ a: () => (down ? unreachable : accepted), b: () => accepted });
    for (let i = 0; i < 3; i += 1) expect(await f.askedNow(() => f.carry())).toEqual(["a", "b"]);
    expect(f.changes).toEqual(["a DE open"]);
    expect(await f.askedNow(() => f.carry())).toEqual(["b"]);
    expect(await f.askedNow(() => f.carry({ to: "+436641234567" }))).toEqual(["a", "b"]);
    vi.advanceTimersByTime(999);
    expect(await f.askedNow(() => f.carry())).toEqual(["b"]);
    vi.advanceTimersByTime(1);
    expect(await f.askedNow(() => f.carry())).toEqual(["a", "b"]);
    expect(await f.askedNow(() => f.carry())).toEqual(["b"]);
    down = false;
    vi.advanceTimersByTime(1_000);
    expect(await f.askedNow(() => f.carry())).toEqual(["a"]);
    expect(await f.askedNow(() => f.carry())).toEqual(["a"]);
    expect(f.changes).toEqual(["a DE open", "a DE closed"]);
  });

  test("of many at once, one is the probe", async () => {
    vi.useFakeTimers();
    let answer: (() => void) | undefined;
    let down = true;
    const f = createCarrying({
      a: () => (down ? unreachable : new Promise((resolve) => (answer = () => resolve(accepted)))),
      b: () => accepted,
    });
    for (let i = 0; i < 3; i += 1) await f.carry();
    down = false;
    vi.advanceTimersByTime(1_000);
    f.asked.length = 0;
    const all = Array.from({ length: 50 }, () => f.carry());
    await vi.advanceTimersByTimeAsync(100);
    expect(f.asked.filter((name) => name === "a")).toHaveLength(1);
    expect(f.asked.filter((name) => name === "b")).toHaveLength(49);
    answer?.();
    const results = await Promise.all(all);
    expect(results.map(({ result }) => result)).toEqual(Array(50).fill(accepted));
    expect(await f.askedNow(async () => void f.carry())).toEqual(["a"]);
  });

  test("when all of them are open, nobody is refused for it: the one longest open is asked first", async () => {
    vi.useFakeTimers();
    const f = createCarrying({ a: () => unreachable, b: () => throttled, c: () => unreachable }, { failures: 1 });
    expect(await f.askedNow(() => f.carry())).toEqual(["a", "b", "c"]);
    vi.advanceTimersByTime(10);
    expect(f.changes).toEqual(["a DE open", "b DE open", "c DE open"]);
    expect(await f.askedNow(() => f.carry())).toEqual(["a", "b", "c"]);
    expect(f.changes).toHaveLength(3);
  });

  test("an open one is the last resort of the others", async () => {
    let a = unreachable;
    let b = accepted;
    const f = createCarrying({ a: () => a, b: () => b });
    for (let i = 0; i < 3; i += 1) await f.carry();
    a = accepted;
    b = throttled;
    expect(await f.askedNow(() => f.carry())).toEqual(["b", "a"]);
    expect(f.changes).toEqual(["a DE open", "a DE closed"]);
  });

  test("a message that is probing already is not waited for, when there is nobody else", async () => {
    let hang = false;
    const f = createCarrying({ only: (_, signal, __) => (hang ? untilAborted(timedOut)(_, signal, __) : unreachable) });
    for (let i = 0; i < 3; i += 1) await f.carry();
    hang = true;
    const stuck = new AbortController();
    const probe = f.carry({ signal: stuck.signal });
    hang = false;
    expect(await f.askedNow(() => f.carry())).toEqual(["only"]);
    stuck.abort();
    expect(await probe).toMatchObject({ result: timedOut });
  });
});

test("where no rule fits, the caller is told that nobody carries there", async () => {
  const f = createCarrying({});
  expect(await f.carry()).toEqual({
    provider: "",
    result: { outcome: "permanent", failure: "recipient_refused", vendorCode: "no_route" },
    durationMs: 0,
  });
  expect(f.attempts).toHaveLength(1);
});
