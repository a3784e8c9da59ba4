export type BucketSettings = {
  /** What one may take at once. */
  readonly burst: number;
  readonly perSecond: number;
  /** Whose buckets are kept; of more, the one that was asked for longest ago is forgotten, and full again. */
  readonly kept: number;
  /** Milliseconds of any clock that only goes forward. */
  readonly now: () => number;
};

/** Whether there was one more for the key. Of this process only: for what costs it, and nobody else. */
export function createTokenBuckets({ burst, perSecond, kept, now }: BucketSettings): (key: string) => boolean {
  const buckets = new Map<string, { left: number; at: number }>();
  return (key) => {
    const at = now();
    const before = buckets.get(key) ?? { left: burst, at };
    const left = Math.min(burst, before.left + ((at - before.at) * perSecond) / 1000);
    // Behind the others, so that the first one is the one to forget.
    buckets.delete(key);
    buckets.set(key, { left: left < 1 ? left : left - 1, at });
    const [oldest] = buckets.keys();
    if (buckets.size > kept && oldest !== undefined) buckets.delete(oldest);
    return left >= 1;
  };
}
