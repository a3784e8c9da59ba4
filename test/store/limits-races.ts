import assert from "node:assert/strict";
import { type LimitTake, monotonicMs, type TakeOutcome } from "../../src/otp/limit-counter.ts";
import type { LimitStore } from "../../src/otp/store-ports.ts";
import { taking } from "./limits-requests.ts";

/** `run` throws when the invariant is broken. The stores share one database, and the calls are spread over them. */
export type LimitRace = { readonly name: string; run(stores: readonly LimitStore[]): Promise<void> };

/** Each of these is seen to fail on `broken-limits.ts`, which reads, decides, and then writes. */
export const limitRaces: readonly LimitRace[] = [
  { name: "200 parallel takes of a new counter: as many as it has", run: firstUse },
  { name: "200 parallel takes of a counter in use, of several windows: as many as the smallest has", run: laterUse },
  { name: "200 parallel takes of three counters: as many as the scarcest has, and the others are not used up", run: manyCounters },
  { name: "200 parallel takes of 7 each: no more than fit", run: amounts },
  { name: "parallel takes and returns: never more out than there is", run: takesAndReturns },
];

async function firstUse(stores: readonly LimitStore[]): Promise<void> {
  for (const max of [1, 10, 50]) {
    const take = taking({ max });
    assert.equal(count(await parallel(stores, 200, [take])), max);
  }
}

async function laterUse(stores: readonly LimitStore[]): Promise<void> {
  const windows = [
    { windowMs: 600_000, max: 40 },
    { windowMs: 3_600_000, max: 25 },
    { windowMs: 86_400_000, max: 60 },
  ];
  const take = taking({ windows });
  assert.equal((await one(stores).takeLimits([take])).status, "taken");
  assert.equal(count(await parallel(stores, 200, [take])), 24);
}

async function manyCounters(stores: readonly LimitStore[]): Promise<void> {
  const [plenty, scarce, more] = [taking({ max: 300 }), taking({ max: 12 }), taking({ max: 300 })];
  assert.equal(count(await parallel(stores, 200, [plenty, scarce, more])), 12);
  for (const take of [plenty, more]) assert.equal(count(await parallel(stores, 300, [take])), 288);
}

async function amounts(stores: readonly LimitStore[]): Promise<void> {
  const take = taking({ max: 100, amount: 7 });
  assert.equal(count(await parallel(stores, 200, [take])), 14);
}

async function takesAndReturns(stores: readonly LimitStore[]): Promise<void> {
  const take = taking({ max: 5 });
  let out = 0;
  await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const store = one(stores, index);
      const beganAtMs = monotonicMs();
      if ((await store.takeLimits([take])).status !== "taken") return;
      out += 1;
      assert.ok(out <= 5, `${out} were out at once`);
      out -= 1;
      await store.giveBackLimits({ takes: [take], beganAtMs });
    }),
  );
  assert.equal(count(await parallel(stores, 20, [take])), 5);
}

const parallel = (stores: readonly LimitStore[], calls: number, takes: readonly LimitTake[]): Promise<TakeOutcome[]> =>
  Promise.all(Array.from({ length: calls }, (_, index) => one(stores, index).takeLimits(takes)));

const count = (outcomes: readonly TakeOutcome[]): number => outcomes.filter(({ status }) => status === "taken").length;

function one(stores: readonly LimitStore[], index = 0): LimitStore {
  const store = stores[index % stores.length];
  if (!store) throw new Error("a race needs a store");
  return store;
}
