/**
 * How limits count: a sliding window in ten steps. A window of W is cut into buckets of W/10 by the store's clock, and the buckets of
 * the last W, and the one before them, are added up. So in no interval of length W, wherever it begins, more than `max` get through,
 * and whoever was refused gets through after W + W/10 at the latest. (A window that starts afresh would let through twice its maximum around its
 * end; a log of every moment would grow with an application's traffic.) Both stores follow these rules.
 */
export const bucketsPerWindow = 10;

export type LimitWindow = { /** A multiple of ten. */ readonly windowMs: number; readonly max: number };

/** Wants `amount` of one counter, in all of its windows or in none. */
export type LimitTake = {
  /** A keyed digest: from it nobody can tell whose counter it is. */
  readonly id: string;
  /** A whole number, at least 1. */
  readonly amount: number;
  readonly windows: readonly LimitWindow[];
  /** A full one is told of, and holds nobody back. */
  readonly isAdvisory: boolean;
};

export type FullCounter = {
  readonly id: string;
  /** The window that is full for longest. */
  readonly windowMs: number;
  /** When there will be room; undefined for an amount that never fits. */
  readonly retryAfterMs?: number;
};

/** `taken`: of every counter but the advisory ones that were full. `full`: nothing was taken at all. */
export type TakeOutcome = { readonly status: "taken" | "full"; readonly full: readonly FullCounter[] };

/** What was taken, and when that began, by `monotonicMs`. */
export type GiveBack = { readonly takes: readonly LimitTake[]; readonly beganAtMs: number };

/** A clock that nobody sets, for durations; one and the same in all threads of the process. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** The earliest moment of the store's clock at which a take can have been made, when it is `now` there. */
export const earliest = (now: number, beganAtMs: number): number => now - Math.ceil(monotonicMs() - beganAtMs) - 1;

/** `i`: how many buckets since 1970; `n`: what was taken in it. Oldest first. */
export type Bucket = { readonly i: number; readonly n: number };

/** Buckets by window. `at` only grows: a clock set back stands still for the counter until it has caught up. */
export type Counter = { readonly at: number; readonly buckets: Readonly<Record<number, readonly Bucket[]>> };

export const emptyCounter: Counter = { at: 0, buckets: {} };

/** Whether it could fit into an empty counter. */
export const canEverFit = ({ amount, windows }: LimitTake): boolean => windows.every(({ max }) => amount <= max);

/** Undefined when the take fits. */
export function findFull(counter: Counter, take: LimitTake, now: number): FullCounter | undefined {
  const at = Math.max(counter.at, now);
  const waits = take.windows.flatMap(({ windowMs, max }) => {
    const excess = total(live(counter, windowMs, at)) + take.amount - max;
    return excess > 0 ? [{ windowMs, waitMs: waitFor(live(counter, windowMs, at), excess, windowMs) - at }] : [];
  });
  const [longest] = waits.toSorted((a, b) => (a.waitMs < b.waitMs ? 1 : -1));
  if (!longest) return undefined;
  const { windowMs, waitMs } = longest;
  return { id: take.id, windowMs, ...(Number.isFinite(waitMs) && { retryAfterMs: waitMs }) };
}

export function takeFrom(counter: Counter, { amount, windows }: LimitTake, now: number): Counter {
  const at = Math.max(counter.at, now);
  const taken = windows.map(({ windowMs }): [number, readonly Bucket[]] => {
    const buckets = live(counter, windowMs, at);
    const i = bucketAt(at, windowMs);
    const before = buckets.filter((bucket) => bucket.i < i);
    return [windowMs, [...before, { i, n: amount + total(buckets.filter((bucket) => bucket.i === i)) }]];
  });
  return { at, buckets: { ...counter.buckets, ...Object.fromEntries(taken) } };
}

/**
 * Out of the oldest buckets that the take can be in. Where they are older than the one it really is in, the sum is right now and too
 * high later, when the older ones have dropped out; so giving back may make a limit stricter for a while, and never looser. For the same reason
 * nothing is given back to a window that the take may have left already.
 */
export function giveBackTo(counter: Counter, { amount, windows }: LimitTake, { now, since }: { now: number; since: number }): Counter {
  const at = Math.max(counter.at, now);
  const given = windows.map(({ windowMs }): [number, readonly Bucket[]] => {
    const from = bucketAt(since, windowMs);
    let left = from < oldestAt(at, windowMs) ? 0 : amount;
    const drained = live(counter, windowMs, at).map(({ i, n }) => {
      const back = i >= from ? Math.min(left, n) : 0;
      left -= back;
      return { i, n: n - back };
    });
    return [windowMs, drained];
  });
  return { at, buckets: { ...counter.buckets, ...Object.fromEntries(given) } };
}

export const bucketMs = (windowMs: number): number => windowMs / bucketsPerWindow;

/** How long a counter matters after the last take. */
export const keepMs = ({ windows }: LimitTake): number => Math.max(...windows.map(({ windowMs }) => windowMs + 2 * bucketMs(windowMs)));

export const bucketAt = (moment: number, windowMs: number): number => Math.floor(moment / bucketMs(windowMs));
const oldestAt = (at: number, windowMs: number): number => bucketAt(at, windowMs) - bucketsPerWindow;

const live = ({ buckets }: Counter, windowMs: number, at: number): readonly Bucket[] =>
  (buckets[windowMs] ?? []).filter(({ i }) => i >= oldestAt(at, windowMs));

const total = (buckets: readonly Bucket[]): number => buckets.reduce((sum, { n }) => sum + n, 0);

/** The moment at which so many buckets have dropped out that `excess` is gone. */
function waitFor(buckets: readonly Bucket[], excess: number, windowMs: number): number {
  let left = excess;
  for (const { i, n } of buckets) {
    left -= n;
    if (left <= 0) return (i + bucketsPerWindow + 1) * bucketMs(windowMs);
  }
  return Number.POSITIVE_INFINITY;
}
