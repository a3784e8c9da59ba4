import { describe, expect, test } from "vitest";
import type { GetStore } from "./contract.ts";
import { another, guessing, limitsWith, minute, newRef, opening, recording, resending } from "./requests.ts";
import { sleepAtLeast, spendGuesses, waitsTruthfully } from "./steps.ts";

const idempotency = { key: "key", content: "content" };

export function repeatContract(store: GetStore): void {
  describe.concurrent("a send that is repeated under its idempotency key", () => {
    test.each(["accepted", "unknown"] as const)("is answered with its own challenge once it was %s", async (state) => {
      const ref = newRef();
      const limits = limitsWith({ sendWindows: [{ windowMs: minute, max: 1 }] });
      const request = opening(ref, { limits, message: { idempotency } });
      await store().open(request);
      await store().recordDelivery(recording(ref, request.message.deliveryId, { state }));
      const again = await store().open(opening(ref, { limits, message: { idempotency, code: "other" } }));
      expect(again).toMatchObject({ status: "replayed", view: { challenge: { codes: ["right"], sends: 1 } } });
      if (again.status === "replayed") expect(Object.keys(again.view.challenge.deliveries)).toEqual([request.message.deliveryId]);
      expect(await store().verify(guessing(ref, "other"))).toMatchObject({ status: "mismatch" });
    });

    test("is refused while the first is under way, and takes over once its lease has lapsed", async () => {
      const ref = newRef();
      await store().open(opening(ref, { message: { idempotency, leaseMs: 600 } }));
      const repeat = () => store().open(opening(ref, { message: { idempotency, code: "fresh" } }));
      const over = await waitsTruthfully(repeat, { status: "in_progress" });
      expect(over).toMatchObject({ status: "opened", view: { challenge: { codes: ["fresh"], sends: 2, attempts: 0 } } });
      expect(await store().verify(guessing(ref, "right"))).toMatchObject({ status: "mismatch" });
      expect(await store().verify(guessing(ref, "fresh"))).toMatchObject({ status: "approved" });
    });

    test("takes over a send that failed, which counts as a message, and moves no deadline", async () => {
      const ref = newRef();
      const limits = limitsWith({ sendWindows: [{ windowMs: minute, max: 2 }] });
      const first = opening(ref, { limits, message: { idempotency } });
      const opened = await store().open(first);
      await store().recordDelivery(recording(ref, first.message.deliveryId, { state: "failed", failure: "throttled" }));
      const second = opening(ref, { limits, message: { idempotency, code: "fresh", sealed: "sealed again", codeLength: 8 } });
      const over = await store().open(second);
      if (opened.status !== "opened" || over.status !== "opened") throw new Error(`${opened.status}, ${over.status}`);
      const { challenge } = over.view;
      expect(challenge).toMatchObject({ codes: ["fresh"], sealed: "sealed again", codeLength: 8, sends: 2, state: "open" });
      expect(challenge.expiresAt).toBe(opened.view.challenge.expiresAt);
      expect(challenge.createdAt).toBe(opened.view.challenge.createdAt);
      expect(Object.keys(challenge.deliveries)).toEqual([first.message.deliveryId, second.message.deliveryId]);
      await store().recordDelivery(recording(ref, second.message.deliveryId, { state: "failed" }));
      expect(await store().open(opening(ref, { limits, message: { idempotency } }))).toMatchObject({
        status: "rate_limited",
        scope: "recipient",
      });
    });

    test("with other content is refused, whatever became of the first", async () => {
      const ref = newRef();
      const request = opening(ref, { message: { idempotency } });
      const other = opening(ref, { message: { idempotency: { key: "key", content: "other" } } });
      await store().open(request);
      expect(await store().open(other)).toEqual({ status: "key_reused" });
      await store().recordDelivery(recording(ref, request.message.deliveryId, { state: "failed" }));
      expect(await store().open(other)).toEqual({ status: "key_reused" });
    });

    test("is answered with a challenge that is over, and sends nothing", async () => {
      const failedSend = async (more: { lifetimeMs?: number } = {}) => {
        const ref = newRef();
        const request = opening(ref, { ...more, message: { idempotency } });
        await store().open(request);
        await store().recordDelivery(recording(ref, request.message.deliveryId, { state: "failed" }));
        return ref;
      };
      const [canceled, used, expired] = [await failedSend(), await failedSend(), await failedSend({ lifetimeMs: 1 })];
      await store().cancel(canceled);
      await store().verify(guessing(used, "right"));
      await sleepAtLeast(1);
      for (const ref of [canceled, used, expired]) {
        const again = await store().open(opening(ref, { message: { idempotency, code: "fresh" } }));
        expect(again).toMatchObject({ status: "replayed", view: { challenge: { codes: ["right"], sends: 1 } } });
      }
    });

    test("takes nothing over when the challenge has no guesses or messages left", async () => {
      const limits = limitsWith({ guessesPerChallenge: 1 });
      const guessed = newRef();
      const request = opening(guessed, { limits, message: { idempotency } });
      await store().open(request);
      await store().recordDelivery(recording(guessed, request.message.deliveryId, { state: "failed" }));
      await spendGuesses(store(), guessed, 1, limits);
      expect(await store().open(opening(guessed, { limits, message: { idempotency } }))).toEqual({
        status: "exhausted",
        scope: "challenge",
      });

      const few = limitsWith({ sendsPerChallenge: 1 });
      const sent = newRef();
      const only = opening(sent, { limits: few, message: { idempotency }, lifetimeMs: minute });
      await store().open(only);
      await store().recordDelivery(recording(sent, only.message.deliveryId, { state: "failed" }));
      const refused = await store().open(opening(sent, { limits: few, message: { idempotency } }));
      expect(refused).toMatchObject({ status: "rate_limited", scope: "challenge" });
      if (refused.status !== "rate_limited") return;
      expect(refused.retryAfterMs).toBeGreaterThan(0.5 * minute);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(minute);
    });

    test("is answered before any limit", async () => {
      const ref = newRef();
      const limits = limitsWith({ failuresInRow: 1, sendWindows: [{ windowMs: minute, max: 1 }] });
      const request = opening(ref, { limits, message: { idempotency } });
      await store().open(request);
      await spendGuesses(store(), ref, 1, limits);
      await store().recordDelivery(recording(ref, request.message.deliveryId));
      expect(await store().open(opening(ref, { limits, message: { idempotency } }))).toMatchObject({ status: "replayed" });
    });

    test("meets only its own key and challenge", async () => {
      const ref = newRef();
      await store().open(opening(ref, { message: { idempotency } }));
      expect(await store().open(opening(another(ref), { message: { idempotency } }))).toMatchObject({ status: "opened" });
      expect(await store().open(opening(ref, { message: { idempotency: { key: "other", content: "content" } } }))).toMatchObject({
        status: "opened",
        view: { challenge: { sends: 2 } },
      });
    });

    test("holds for a resend too", async () => {
      const ref = newRef();
      await store().open(opening(ref));
      const request = resending(ref, { message: { idempotency, code: "second", leaseMs: 500 } });
      expect(await store().resend(request)).toMatchObject({ status: "opened", view: { challenge: { sends: 2 } } });
      const again = (content = "content") =>
        store().resend(resending(ref, { message: { idempotency: { key: "key", content }, code: "third" } }));
      expect(await again("other")).toEqual({ status: "key_reused" });
      expect(await waitsTruthfully(again, { status: "in_progress" })).toMatchObject({
        status: "opened",
        view: { challenge: { codes: ["third"], sends: 3 } },
      });
      const { challenge } = (await store().read(ref)) ?? {};
      const last = Object.keys(challenge?.deliveries ?? {}).at(-1) ?? "";
      await store().recordDelivery(recording(ref, last));
      expect(await again()).toMatchObject({ status: "replayed", view: { challenge: { codes: ["third"], sends: 3 } } });
      await store().cancel(ref);
      expect(await again()).toMatchObject({ status: "replayed", view: { challenge: { state: "canceled" } } });
      expect(await store().resend(resending(ref))).toEqual({ status: "canceled" });
    });
  });
}
