import { describe, expect, test } from "vitest";
import type { GetStore } from "./contract.ts";
import { another, guessing, limitsWith, minute, newRef, opening, resending } from "./requests.ts";
import { sleepAtLeast, spendGuesses, waitsTruthfully } from "./steps.ts";

export function resendContract(store: GetStore): void {
  describe.concurrent("resend", () => {
    test("replaces the code, refunds nothing, and moves no deadline", async () => {
      const ref = newRef();
      const opened = await store().open(opening(ref));
      await spendGuesses(store(), ref, 2, limitsWith());
      const request = resending(ref, { message: { channel: "voice", sealed: "sealed again", codeLength: 8, leaseMs: 1000 } });
      const resent = await store().resend(request);
      if (opened.status !== "opened" || resent.status !== "opened") throw new Error(`${opened.status}, ${resent.status}`);
      const { challenge, now, failures, failuresInRow } = resent.view;
      const before = opened.view.challenge;
      expect(challenge).toEqual({
        ...before,
        codes: ["fresh"],
        codeLength: 8,
        sealed: "sealed again",
        attempts: 2,
        sends: 2,
        resendAt: now,
        deliveries: {
          ...before.deliveries,
          [request.message.deliveryId]: { channel: "voice", state: "sending", createdAt: now, updatedAt: now, leaseUntil: now + 1000 },
        },
      });
      expect(Object.keys(challenge.deliveries)).toEqual([...Object.keys(before.deliveries), request.message.deliveryId]);
      expect(failures).toHaveLength(2);
      expect(failuresInRow).toBe(2);
      expect(await store().verify(guessing(ref, "right"))).toMatchObject({ status: "mismatch", attemptsRemaining: 2 });
      expect(await store().verify(guessing(ref, "fresh"))).toMatchObject({ status: "approved" });
    });

    test("keeps the codes before where the application says so, under one budget", async () => {
      const ref = newRef();
      await store().open(opening(ref));
      const resent = await store().resend(resending(ref, { keepPrevious: true }));
      expect(resent).toMatchObject({ status: "opened", view: { challenge: { codes: ["right", "fresh"] } } });
      expect(await store().verify(guessing(ref, "wrong"))).toMatchObject({ status: "mismatch", attemptsRemaining: 4 });
      expect(await store().verify(guessing(ref, "right"))).toMatchObject({ status: "approved" });
      expect(await store().verify(guessing(ref, "fresh"))).toEqual({ status: "used" });
    });

    test("a cooldown grows with every message, and its end is told truthfully", async () => {
      const ref = newRef();
      const limits = limitsWith({ cooldownsMs: [300, 600] });
      const opened = await store().open(opening(ref, { limits }));
      if (opened.status !== "opened") throw new Error(opened.status);
      let last = opened.view;
      for (const cooldown of [300, 600, 600]) {
        expect(last.challenge.resendAt).toBe(last.now + cooldown);
        const resent = await waitsTruthfully(() => store().resend(resending(ref, { limits })), { status: "cooldown" });
        if (resent.status !== "opened") throw new Error(resent.status);
        expect(resent.view.now).toBeGreaterThanOrEqual(last.challenge.resendAt);
        last = resent.view;
      }
    });

    test("no cooldown at all is a choice", async () => {
      const ref = newRef();
      const limits = limitsWith({ cooldownsMs: [] });
      await store().open(opening(ref, { limits }));
      expect(await store().resend(resending(ref, { limits }))).toMatchObject({ status: "opened" });
      expect(await store().resend(resending(ref, { limits }))).toMatchObject({ status: "opened" });
    });

    test("stops at the messages of a challenge until it ends", async () => {
      const ref = newRef();
      const limits = limitsWith({ sendsPerChallenge: 2, cooldownsMs: [0, minute] });
      await store().open(opening(ref, { limits, lifetimeMs: 5 * minute }));
      expect(await store().resend(resending(ref, { limits }))).toMatchObject({ status: "opened" });
      const refused = await store().resend(resending(ref, { limits }));
      expect(refused).toMatchObject({ status: "rate_limited", scope: "challenge" });
      if (refused.status !== "rate_limited") return;
      expect(refused.retryAfterMs).toBeGreaterThan(4 * minute);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(5 * minute);
    });

    test("counts towards the messages of the recipient", async () => {
      const ref = newRef();
      const limits = limitsWith({ sendWindows: [{ windowMs: 600, max: 2 }] });
      await store().open(opening(ref, { limits }));
      await store().open(opening(another(ref), { limits }));
      const resend = () => store().resend(resending(ref, { limits }));
      expect(await waitsTruthfully(resend, { status: "rate_limited", scope: "recipient" })).toMatchObject({ status: "opened" });
    });

    test("is of no use without guesses: those of the challenge, then those of the recipient", async () => {
      const ref = newRef();
      const limits = limitsWith({ guessesPerChallenge: 1, failuresInRow: 1 });
      await store().open(opening(ref, { limits }));
      const other = another(ref);
      await store().open(opening(other, { limits }));
      await spendGuesses(store(), ref, 1, limits);
      expect(await store().resend(resending(ref, { limits }))).toEqual({ status: "exhausted", scope: "challenge" });
      expect(await store().resend(resending(other, { limits }))).toEqual({ status: "exhausted", scope: "recipient" });
      const windowed = limitsWith({ failureWindows: [{ windowMs: minute, max: 1 }] });
      const locked = await store().resend(resending(other, { limits: windowed }));
      expect(locked).toMatchObject({ status: "exhausted", scope: "recipient", retryAfterMs: expect.any(Number) });
    });

    test("a cooldown is told before a limit of the recipient, a lock before a cooldown", async () => {
      const ref = newRef();
      const limits = limitsWith({ cooldownsMs: [minute], sendWindows: [{ windowMs: 10 * minute, max: 1 }] });
      await store().open(opening(ref, { limits }));
      expect(await store().resend(resending(ref, { limits }))).toMatchObject({ status: "cooldown" });
      await spendGuesses(store(), ref, 1, limits);
      expect(await store().resend(resending(ref, { limits: { ...limits, failuresInRow: 1 } }))).toMatchObject({ status: "exhausted" });
    });

    test("a challenge that is over stays over", async () => {
      const [used, canceled, expired] = [newRef(), newRef(), newRef()];
      await Promise.all([used, canceled].map((ref) => store().open(opening(ref))));
      await store().open(opening(expired, { lifetimeMs: 1 }));
      await store().verify(guessing(used, "right"));
      await store().cancel(canceled);
      await sleepAtLeast(1);
      expect(await store().resend(resending(used))).toEqual({ status: "used" });
      expect(await store().resend(resending(canceled))).toEqual({ status: "canceled" });
      expect(await store().resend(resending(expired))).toEqual({ status: "expired" });
    });

    test("unknown, another nonce, another application: not found, and nothing is written", async () => {
      const ref = newRef();
      await store().open(opening(ref));
      for (const stranger of [newRef(), another(ref), { ...ref, application: "other" }]) {
        expect(await store().resend(resending(stranger))).toEqual({ status: "not_found" });
        expect(await store().read(stranger)).toBeUndefined();
      }
      expect(await store().read(ref)).toMatchObject({ challenge: { sends: 1, codes: ["right"] } });
    });
  });
}
