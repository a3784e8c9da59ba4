import { StoreUnavailable } from "../otp/refusal.ts";

export type Lanes = <T>(key: string, call: () => Promise<T>) => Promise<T>;

/**
 * One call at a time per key. The database would make them wait for each other anyway, but each on a connection of its own:
 * whoever hammers one challenge would hold them all, and everybody else would wait for him. Calls that waited too long are not
 * begun.
 */
export function createLanes(maxWaitMs: number): Lanes {
  const lanes = new Map<string, Promise<unknown>>();
  return async (key, call) => {
    const before = lanes.get(key);
    const mine = before ? afterwards(before, call, maxWaitMs) : call();
    const settled = mine.catch(() => {});
    lanes.set(key, settled);
    try {
      return await mine;
    } finally {
      if (lanes.get(key) === settled) lanes.delete(key);
    }
  };
}

async function afterwards<T>(before: Promise<unknown>, call: () => Promise<T>, maxWaitMs: number): Promise<T> {
  const since = performance.now();
  await before;
  if (performance.now() - since > maxWaitMs) throw new StoreUnavailable(new Error("too many calls for one recipient are waiting"));
  return call();
}
