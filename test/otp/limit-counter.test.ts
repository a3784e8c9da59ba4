import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Counter, emptyCounter, findFull, giveBackTo, type LimitTake, takeFrom } from "../../src/otp/limit-counter.ts";

const second = 1_000;
const minute = 60 * second;
const start = 1_800_000_000_123;

const taking = (windows: LimitTake["windows"], amount = 1): LimitTake => ({ id: "a", amount, windows, isAdvisory: false });

/** Takes if it fits; says whether it did. */
function tryTake(world: { counter: Counter }, take: LimitTake, now: number): boolean {
  if (findFull(world.counter, take, now)) return false;
  world.counter = takeFrom(world.counter, take, now);
  return true;
}

const windows = fc.uniqueArray(fc.record({ windowMs: fc.constantFrom(10, 100, 1_000, 5_000), max: fc.integer({ min: 1, max: 8 }) }), {
  minLength: 1,
  maxLength: 3,
  selector: ({ windowMs }) => windowMs,
});
const pauses = fc.array(fc.oneof(fc.nat(3), fc.nat(200), fc.nat(3_000)), { minLength: 1, maxLength: 120 });

describe("the counter of a limit", () => {
  it("lets no more than max through in any interval of the window's length, wherever it begins", () => {
    fc.assert(
      fc.property(windows, pauses, fc.integer({ min: 1, max: 3 }), (windows, pauses, amount) => {
        const world = { counter: emptyCounter };
        const passed: number[] = [];
        let now = start;
        for (const pause of pauses) {
          now += pause;
          if (tryTake(world, taking(windows, amount), now)) passed.push(now);
        }
        for (const { windowMs, max } of windows)
          for (const from of passed)
            expect(passed.filter((at) => at >= from && at < from + windowMs).length * amount).toBeLessThanOrEqual(max);
      }),
    );
  });

  it("has room again after a window and a tenth, and says truly when", () => {
    fc.assert(
      fc.property(windows, pauses, (windows, pauses) => {
        const world = { counter: emptyCounter };
        const take = taking(windows);
        let now = start;
        for (const pause of pauses) {
          now += pause;
          tryTake(world, take, now);
        }
        const full = findFull(world.counter, take, now);
        if (!full) return;
        const { retryAfterMs = Number.NaN, windowMs } = full;
        expect(retryAfterMs).toBeGreaterThan(0);
        expect(retryAfterMs).toBeLessThanOrEqual(windowMs * 1.1);
        expect(findFull(world.counter, take, now + retryAfterMs - 1)).toBeDefined();
        expect(findFull(world.counter, take, now + retryAfterMs)).toBeUndefined();
      }),
    );
  });

  it("says of an amount above the limit that it never fits", () => {
    expect(findFull(emptyCounter, taking([{ windowMs: minute, max: 5 }], 6), start)).toEqual({ id: "a", windowMs: minute });
  });

  it("names the window that is full for longest", () => {
    const take = taking([
      { windowMs: minute, max: 1 },
      { windowMs: 60 * minute, max: 1 },
    ]);
    expect(findFull(takeFrom(emptyCounter, take, start), take, start)).toMatchObject({ windowMs: 60 * minute });
  });

  it("stands still while the clock is set back", () => {
    const take = taking([{ windowMs: minute, max: 1 }]);
    const counter = takeFrom(emptyCounter, take, start);
    const back = findFull(counter, take, start - 60 * minute);
    expect(back).toMatchObject({ windowMs: minute });
    expect(takeFrom(counter, take, start - 60 * minute).at).toBe(start);
  });

  it("keeps the windows that others ask about, for replicas with another configuration", () => {
    const [short, long] = [taking([{ windowMs: minute, max: 1 }]), taking([{ windowMs: 2 * minute, max: 1 }])];
    const counter = takeFrom(takeFrom(emptyCounter, long, start), short, start);
    expect(findFull(counter, long, start)).toMatchObject({ windowMs: 2 * minute });
  });
});

describe("giving back", () => {
  it("makes room for exactly what was taken", () => {
    const take = taking([{ windowMs: minute, max: 3 }]);
    const world = { counter: emptyCounter };
    for (let i = 0; i < 3; i++) tryTake(world, take, start);
    world.counter = giveBackTo(world.counter, take, { now: start + 5, since: start });
    expect([tryTake(world, take, start + 5), tryTake(world, take, start + 5)]).toEqual([true, false]);
  });

  it("never takes what somebody else used since out of the account: no interval lets more through than max", () => {
    const step = fc.record({
      pause: fc.oneof(fc.nat(20), fc.nat(2_000), fc.nat(30_000)),
      amount: fc.integer({ min: 1, max: 3 }),
      late: fc.nat(50),
      releaseAfterMs: fc.option(fc.nat(9_000), { nil: undefined }),
    });
    fc.assert(
      fc.property(windows, fc.array(step, { minLength: 1, maxLength: 60 }), (windows, steps) => {
        const kept = takeAndRelease(windows, steps);
        for (const { windowMs, max } of windows)
          for (const { at: from } of kept) {
            const inside = kept.filter(({ at }) => at >= from && at < from + windowMs);
            expect(inside.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(max);
          }
      }),
    );
  });

  it("leaves what is too old to be the take alone", () => {
    const take = taking([{ windowMs: 60 * minute, max: 1 }]);
    const counter = takeFrom(emptyCounter, take, start);
    const given = giveBackTo(counter, take, { now: start + 30 * minute, since: start + 30 * minute - 5 });
    expect(findFull(given, take, start + 30 * minute)).toBeDefined();
  });
});

type Step = { readonly pause: number; readonly amount: number; readonly releaseAfterMs?: number | undefined; readonly late: number };

/** What was taken and never given back. */
function takeAndRelease(windows: LimitTake["windows"], steps: readonly Step[]): { at: number; amount: number }[] {
  const world = { counter: emptyCounter };
  const kept: { at: number; amount: number }[] = [];
  let due: { at: number; takenAt: number; late: number; take: LimitTake }[] = [];
  let now = start;
  for (const { pause, amount, releaseAfterMs, late } of steps) {
    now += pause;
    for (const { at, takenAt, late, take } of due.filter((each) => each.at <= now).toSorted((a, b) => a.at - b.at))
      world.counter = giveBackTo(world.counter, take, { now: at, since: takenAt - late });
    due = due.filter((each) => each.at > now);
    const take = taking(windows, amount);
    if (!tryTake(world, take, now)) continue;
    if (releaseAfterMs === undefined) kept.push({ at: now, amount });
    else due.push({ at: now + releaseAfterMs, takenAt: now, late, take });
  }
  return kept;
}
