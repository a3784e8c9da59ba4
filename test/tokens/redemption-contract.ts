import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import type { Redemption } from "../../src/otp/redemption.ts";
import type { RedemptionStore } from "../../src/otp/store-ports.ts";

const minute = 60_000;

export const redemption = (change: Partial<Redemption> = {}): Redemption => ({
  id: randomBytes(18).toString("base64url"),
  by: randomBytes(18).toString("base64url"),
  expiresAt: Date.now() + 5 * minute,
  ...change,
});

/** What every store keeps, called by one at a time. The clock is its own, and near ours. */
export function redemptionContract(name: string, open: () => Promise<RedemptionStore>): void {
  describe(`${name} keeps redemptions`, () => {
    let store: RedemptionStore;
    beforeAll(async () => {
      store = await open();
    });

    test("the first is accepted, by the store's clock", async () => {
      const outcome = await store.redeem(redemption());
      assert(outcome.status === "redeemed");
      expect(Math.abs(outcome.at - Date.now())).toBeLessThan(minute);
      expect(Number.isInteger(outcome.at)).toBe(true);
    });

    test("another one is too late, and the first one may ask again", async () => {
      const first = redemption();
      const accepted = await store.redeem(first);
      await sleep(5);
      expect(await store.redeem({ ...first, by: "another" })).toEqual({ status: "taken" });
      expect(await store.redeem(first)).toEqual(accepted);
      // Whatever a later one says of the end, the first record decides.
      expect(await store.redeem({ ...first, by: "another", expiresAt: first.expiresAt + minute })).toEqual({ status: "taken" });
    });

    test("proofs do not hinder each other", async () => {
      const outcomes = await Promise.all(Array.from({ length: 20 }, () => store.redeem(redemption({ by: "one" }))));
      expect(outcomes.every(({ status }) => status === "redeemed")).toBe(true);
    });

    test("an expired one is accepted from nobody", async () => {
      const late = redemption({ expiresAt: Date.now() - minute });
      for (const by of ["a", "a", "b"]) expect(await store.redeem({ ...late, by })).toEqual({ status: "expired" });
    });

    test("a retry is answered the same after the end", async () => {
      const short = redemption({ expiresAt: Date.now() + 1_000 });
      const accepted = await store.redeem(short);
      assert(accepted.status === "redeemed");
      await sleep(1_100);
      expect(await store.redeem(short)).toEqual(accepted);
      expect(await store.redeem({ ...short, by: "another" })).toEqual({ status: "taken" });
    });

    test("text is nothing but text", async () => {
      for (const by of ["$by", "$$NOW", "'; DROP TABLE redemptions; --", "{}"]) {
        const hostile = redemption({ by });
        const accepted = await store.redeem(hostile);
        expect(accepted.status).toBe("redeemed");
        expect(await store.redeem(hostile)).toEqual(accepted);
        expect(await store.redeem({ ...hostile, by: "x" })).toEqual({ status: "taken" });
      }
    });
  });
}

/** Throws unless exactly one of 200 parallel tries is accepted; they are spread over the stores, which share one database. */
export async function raceRedemptions(stores: readonly RedemptionStore[]): Promise<void> {
  for (let round = 0; round < 3; round++) {
    const { id, expiresAt } = redemption();
    const calls = Array.from({ length: 200 }, (_, index) => stores[index % stores.length]?.redeem({ id, by: String(index), expiresAt }));
    const outcomes = await Promise.all(calls);
    const counts = Object.fromEntries(
      Map.groupBy(outcomes, (outcome) => outcome?.status)
        .entries()
        .map(([status, all]) => [status, all.length]),
    );
    assert.deepEqual(counts, { redeemed: 1, taken: 199 });
  }
}
