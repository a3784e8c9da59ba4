import { describe, expect, test } from "vitest";
import type { GetStore } from "./contract.ts";
import { another, guessing, newRef, opening } from "./requests.ts";
import { sleepAtLeast } from "./steps.ts";

export function cancelContract(store: GetStore): void {
  describe.concurrent("cancel", () => {
    test("closes a challenge, as often as asked", async () => {
      const ref = newRef();
      const opened = await store().open(opening(ref));
      if (opened.status !== "opened") throw new Error(opened.status);
      let canceledAt: unknown = expect.any(Number);
      for (let i = 0; i < 2; i++) {
        const canceled = await store().cancel(ref);
        const challenge = { ...opened.view.challenge, state: "canceled", canceledAt };
        expect(canceled).toEqual({ status: "canceled_now", view: { ...opened.view, now: expect.any(Number), challenge } });
        canceledAt = (await store().read(ref))?.challenge.canceledAt;
        await sleepAtLeast(2);
      }
      expect(await store().verify(guessing(ref, "right"))).toEqual({ status: "canceled" });
    });

    test("what is over otherwise stays so", async () => {
      const [used, expired] = [newRef(), newRef()];
      await store().open(opening(used));
      await store().verify(guessing(used, "right"));
      await store().open(opening(expired, { lifetimeMs: 1 }));
      await sleepAtLeast(1);
      expect(await store().cancel(used)).toEqual({ status: "used" });
      expect(await store().cancel(expired)).toEqual({ status: "expired" });
      expect(await store().read(used)).toMatchObject({ challenge: { state: "verified" } });
      expect(await store().read(expired)).toMatchObject({ challenge: { state: "open" } });
    });

    test("touches no other challenge", async () => {
      const ref = newRef();
      const other = another(ref);
      await store().open(opening(ref));
      await store().open(opening(other));
      await store().cancel(ref);
      expect(await store().verify(guessing(other, "right"))).toMatchObject({ status: "approved" });
    });

    test("unknown, another nonce, another application: not found", async () => {
      const ref = newRef();
      await store().open(opening(ref));
      for (const stranger of [newRef(), another(ref), { ...ref, application: "other" }]) {
        expect(await store().cancel(stranger)).toEqual({ status: "not_found" });
        expect(await store().read(stranger)).toBeUndefined();
      }
      expect(await store().verify(guessing(ref, "right"))).toMatchObject({ status: "approved" });
    });
  });
}
