/** What every race needs: many calls at once, spread over several stores of one database. */
import type { LedgerStore } from "../../src/otp/store-ports.ts";
import type { Plant } from "./contract.ts";

/** `run` throws when the invariant is broken. The stores share one database, and the calls are spread over them. */
export type Race = { readonly name: string; run(stores: readonly LedgerStore[], plant: Plant): Promise<void> };

export async function rounds(count: number, round: () => Promise<void>): Promise<void> {
  for (let left = count; left > 0; left -= 10) await Promise.all(Array.from({ length: Math.min(left, 10) }, round));
}

export function parallel<T>(
  count: number,
  stores: readonly LedgerStore[],
  call: (store: LedgerStore, index: number) => Promise<T>,
): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => call(one(stores, index), index)));
}

export function one(stores: readonly LedgerStore[], index = 0): LedgerStore {
  const store = stores[index % stores.length];
  if (!store) throw new Error("a race needs a store");
  return store;
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

export function tally(outcomes: readonly { readonly status: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of outcomes) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
