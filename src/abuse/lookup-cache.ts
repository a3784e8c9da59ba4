import type { NumberFacts, NumberLookup, NumberWants } from "../otp/guard-ports.ts";

export type CacheSettings = {
  /** How long what was said is believed. A SIM that is swapped meanwhile is noticed that much later. */
  readonly ttlMs: number;
  readonly maxEntries: number;
  /** Milliseconds since 1970. */
  now(): number;
};

type Entry = { readonly facts: NumberFacts; readonly until: number };

/**
 * Answers are paid for, so a resend a minute later does not ask again, and many sends at once ask one time. In this process only, and
 * forgotten when it ends: what is known of people's numbers is not written anywhere. Failures are not kept.
 */
export function cacheLookup(inner: NumberLookup, { ttlMs, maxEntries, now }: CacheSettings): NumberLookup {
  const entries = new Map<string, Entry>();
  const asked = new Map<string, Promise<NumberFacts | "unavailable">>();
  const remember = (key: string, facts: NumberFacts): void => {
    entries.delete(key);
    entries.set(key, { facts, until: now() + ttlMs });
    // In the order of their age, which is the order in which they end.
    for (const [oldest, { until }] of entries) {
      if (entries.size <= maxEntries && until > now()) break;
      entries.delete(oldest);
    }
  };
  const ask = async (key: string, phoneNumber: string, wants: NumberWants) => {
    // Without the caller's signal: others may be waiting for the same answer, and the adapter bounds its time.
    const facts = await inner.lookup(phoneNumber, wants, new AbortController().signal);
    if (facts !== "unavailable" && ttlMs > 0) remember(key, facts);
    return facts;
  };
  return {
    async lookup(phoneNumber, wants, signal) {
      if (signal.aborted) return "unavailable";
      const key = [phoneNumber, wants.simSwap, wants.lineType, wants.reachability].join();
      const known = entries.get(key);
      if (known && known.until > now()) return known.facts;
      const asking = asked.get(key) ?? ask(key, phoneNumber, wants).finally(() => asked.delete(key));
      asked.set(key, asking);
      return untilAborted(asking, signal);
    },
  };
}

/** Whoever goes away does not wait; for it, nobody knew. */
async function untilAborted(asking: Promise<NumberFacts | "unavailable">, signal: AbortSignal): Promise<NumberFacts | "unavailable"> {
  const gone = Promise.withResolvers<"unavailable">();
  const leave = () => gone.resolve("unavailable");
  signal.addEventListener("abort", leave, { once: true });
  try {
    return await Promise.race([asking, gone.promise]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
