import { describe, expect, test } from "vitest";
import type { ChallengeRef } from "../../src/otp/ledger.ts";
import type { GetStore } from "./contract.ts";
import { another, guessing, limitsWith, minute, newRef, opening, recording, resending } from "./requests.ts";
import { sleepAtLeast, spendGuesses } from "./steps.ts";

const week = 7 * 86_400_000;
const idempotency = { key: "key", content: "content" };

export function fallbackContract(store: GetStore): void {
  /** Of this recipient: others that are due wait in the same database. */
  const due = async ({ ledger }: ChallengeRef, before = Date.now() + 5) =>
    (await store().dueFallbacks({ before, limit: 10_000 })).filter((ref) => ref.ledger === ledger);

  describe.concurrent("fallback", () => {
    test("is kept by the challenge, without the channel that was just taken", async () => {
      const ref = newRef();
      const opened = await store().open(opening(ref, { fallback: { channels: ["voice", "sms", "email"], afterMs: minute } }));
      if (opened.status !== "opened") throw new Error(opened.status);
      const { fallback } = opened.view.challenge;
      expect(fallback).toEqual({ channels: ["voice", "email"], afterMs: minute, at: opened.view.now + minute });
      expect(await store().read(ref)).toMatchObject({ challenge: { fallback } });
      const plain = await store().open(opening(newRef(), { fallback: { channels: ["voice"] } }));
      expect(plain.status === "opened" && plain.view.challenge.fallback).toEqual({ channels: ["voice"] });
      const none = await store().open(opening(newRef(), { fallback: { channels: ["sms"], afterMs: minute } }));
      expect(none.status === "opened" && "fallback" in none.view.challenge).toBe(false);
    });

    test("waits for its time by the store's clock, then one message takes the place of the last, whatever the cooldown", async () => {
      const ref = newRef();
      const limits = limitsWith({ cooldownsMs: [minute] });
      const first = opening(ref, { limits, fallback: { channels: ["voice", "email"], afterMs: 1_500 }, message: { idempotency } });
      const opened = await store().open(first);
      if (opened.status !== "opened") throw new Error(opened.status);
      await store().recordDelivery(recording(ref, first.message.deliveryId));
      const insteadOf = first.message.deliveryId;
      const next = (more = {}) => store().resend(resending(ref, { limits, insteadOf, message: { channel: "voice" }, ...more }));
      expect(await next()).toEqual({ status: "not_due" });
      expect(await due(ref)).toEqual([]);
      await sleepAtLeast(1_500);
      expect(await due(ref)).toEqual([ref]);
      expect(await next({ insteadOf: "dOther" })).toEqual({ status: "not_due" });
      const second = await next();
      if (second.status !== "opened") throw new Error(second.status);
      const { challenge, now } = second.view;
      expect(challenge.fallback).toEqual({ channels: ["email"], afterMs: 1_500, at: now + 1_500 });
      expect(challenge).toMatchObject({ codes: ["fresh"], sends: 2, expiresAt: opened.view.challenge.expiresAt });
      expect(Object.values(challenge.deliveries).map((delivery) => delivery.idempotency)).toEqual([idempotency, idempotency]);
      expect(await next()).toEqual({ status: "not_due" });
      expect(await due(ref, now)).toEqual([]);
      expect(await due(ref, now + 1_501)).toEqual([ref]);
    });

    test("answers a retry of the send with the message that took its place", async () => {
      const ref = newRef();
      const first = opening(ref, { fallback: { channels: ["voice"] }, message: { idempotency } });
      await store().open(first);
      await store().recordDelivery(recording(ref, first.message.deliveryId, { state: "failed" }));
      const second = resending(ref, { insteadOf: first.message.deliveryId, message: { channel: "voice" } });
      expect(await store().resend(second)).toMatchObject({ status: "opened" });
      const again = () => store().open(opening(ref, { fallback: { channels: ["voice"] }, message: { idempotency } }));
      expect(await again()).toMatchObject({ status: "in_progress" });
      await store().recordDelivery(recording(ref, second.message.deliveryId));
      expect(await again()).toMatchObject({ status: "replayed", view: { challenge: { codes: ["fresh"], sends: 2 } } });
    });

    test("its turn comes at once when every provider refused, also without a time; the last channel leaves nothing to try", async () => {
      for (const afterMs of [minute, undefined]) {
        const ref = newRef();
        const first = opening(ref, { fallback: { channels: ["voice"], ...(afterMs !== undefined && { afterMs }) } });
        await store().open(first);
        const insteadOf = first.message.deliveryId;
        await store().recordDelivery(recording(ref, insteadOf, { state: "failed", failure: "unreachable" }));
        expect(await due(ref)).toEqual(afterMs === undefined ? [] : [ref]);
        const taken = await store().resend(resending(ref, { insteadOf, message: { channel: "voice" } }));
        if (taken.status !== "opened") throw new Error(taken.status);
        expect("fallback" in taken.view.challenge).toBe(false);
        expect(await due(ref, taken.view.now + 10 * minute)).toEqual([]);
      }
    });

    test("a message under way is waited for, one that arrived is enough, and one that may have arrived is not", async () => {
      const at = async (leaseMs: number, state?: "delivered" | "unknown" | "accepted") => {
        const ref = newRef();
        const first = opening(ref, { fallback: { channels: ["voice"], afterMs: 0 }, message: { leaseMs } });
        await store().open(first);
        if (state) await store().recordDelivery(recording(ref, first.message.deliveryId, { state }));
        return (await store().resend(resending(ref, { insteadOf: first.message.deliveryId, message: { channel: "voice" } }))).status;
      };
      expect(await at(minute)).toBe("not_due");
      expect(await at(0)).toBe("opened");
      expect(await at(minute, "delivered")).toBe("not_due");
      expect(await at(minute, "unknown")).toBe("opened");
      expect(await at(minute, "accepted")).toBe("opened");
    });

    test("a caller who asks again takes over, and the same holds for a new send in the place of the old", async () => {
      const ref = newRef();
      const first = opening(ref, { fallback: { channels: ["voice"], afterMs: 0 }, message: { leaseMs: 0 } });
      await store().open(first);
      const resent = await store().resend(resending(ref));
      expect(resent.status === "opened" && "fallback" in resent.view.challenge).toBe(false);
      expect(await due(ref)).toEqual([]);
      const instead = { insteadOf: first.message.deliveryId };
      expect(await store().resend(resending(ref, instead))).toEqual({ status: "not_due" });

      const other = newRef();
      const failed = opening(other, { fallback: { channels: ["voice"], afterMs: 0 }, message: { idempotency } });
      await store().open(failed);
      await store().recordDelivery(recording(other, failed.message.deliveryId, { state: "failed" }));
      const taken = await store().open(opening(other, { message: { idempotency } }));
      expect(taken.status === "opened" && "fallback" in taken.view.challenge).toBe(false);
      expect(await due(other)).toEqual([]);
    });

    test("costs a message of the recipient and of the challenge, and none without guesses", async () => {
      const failedSend = async (limits = limitsWith()) => {
        const ref = newRef();
        const first = opening(ref, { limits, fallback: { channels: ["voice"] } });
        await store().open(first);
        await store().recordDelivery(recording(ref, first.message.deliveryId, { state: "failed" }));
        return { ref, next: () => store().resend(resending(ref, { limits, insteadOf: first.message.deliveryId })) };
      };
      const few = await failedSend(limitsWith({ sendsPerChallenge: 1 }));
      expect(await few.next()).toMatchObject({ status: "rate_limited", scope: "challenge" });
      const rare = await failedSend(limitsWith({ sendWindows: [{ windowMs: minute, max: 1 }] }));
      expect(await rare.next()).toMatchObject({ status: "rate_limited", scope: "recipient" });
      const limits = limitsWith({ guessesPerChallenge: 1 });
      const guessed = await failedSend(limits);
      await spendGuesses(store(), guessed.ref, 1, limits);
      expect(await guessed.next()).toEqual({ status: "exhausted", scope: "challenge" });
      for (const [end, status] of [
        [(ref: ChallengeRef) => store().cancel(ref), "canceled"],
        [(ref: ChallengeRef) => store().verify(guessing(ref, "right")), "used"],
      ] as const) {
        const { ref, next } = await failedSend();
        await end(ref);
        expect(await next()).toEqual({ status });
      }
    });

    test("nothing takes the place of a message after which nothing was left to try", async () => {
      const [never, givenUp] = [opening(newRef()), opening(newRef(), { fallback: { channels: ["voice"], afterMs: 0 } })];
      for (const send of [never, givenUp]) {
        const { deliveryId } = send.message;
        await store().open(send);
        await store().recordDelivery(recording(send, deliveryId, { state: "failed" }));
        await store().endFallback(send);
        expect(await store().resend(resending(send, { insteadOf: deliveryId }))).toEqual({ status: "not_due" });
      }
    });

    test("can be given up, and then wakes nobody; of what is not there nothing is given up", async () => {
      const [ref, beside] = [newRef(), newRef()];
      const both = [ref, another(ref)];
      for (const each of both)
        await store().open(opening(each, { fallback: { channels: ["voice"], afterMs: 0 }, message: { leaseMs: 0 } }));
      expect(await due(ref)).toHaveLength(2);
      await store().endFallback(ref);
      expect(await due(ref)).toEqual([both[1]]);
      expect(((await store().read(ref))?.challenge ?? {}) as object).not.toHaveProperty("fallback");
      for (const stranger of [beside, another(ref), { ...ref, application: "other" }]) await store().endFallback(stranger);
      expect(await store().read(beside)).toBeUndefined();
      expect(await due(ref)).toEqual([both[1]]);
      await store().endFallback(both[1] ?? ref);
      expect(await due(ref)).toEqual([]);
    });

    test("the longest due come first, no more than asked for, and those that wake in vain stand before nobody", async () => {
      const refs = Array.from({ length: 4 }, () => newRef("oldest"));
      for (const ref of refs) {
        await store().open(opening(ref, { fallback: { channels: ["voice"], afterMs: -week }, message: { leaseMs: 0 } }));
        await sleepAtLeast(2);
      }
      const [first, second, third, fourth] = refs as [ChallengeRef, ChallengeRef, ChallengeRef, ChallengeRef];
      const firstTwo = () => store().dueFallbacks({ before: Date.now() - week + minute, limit: 2 });
      expect(await firstTwo()).toEqual([first, second]);
      await store().resend(resending(first));
      await store().resend(resending(second));
      await expect.poll(firstTwo).toEqual([third, fourth]);
      for (const ref of [third, fourth]) await store().endFallback(ref);
      expect(await firstTwo()).toEqual([]);
    });
  });
}
