import { describe, expect, test } from "vitest";
import { maxChallenges, rememberMs } from "../../src/otp/ledger.ts";
import type { GetStore } from "./contract.ts";
import { another, guessing, limitsWith, minute, newRef, opening } from "./requests.ts";
import { spendGuesses, waitsTruthfully } from "./steps.ts";

export function openContract(store: GetStore): void {
  describe.concurrent("open", () => {
    test("answers with the challenge as it was written", async () => {
      const ref = newRef();
      const request = opening(ref, { lifetimeMs: 5 * minute, limits: limitsWith({ cooldownsMs: [30_000, 60_000] }) });
      const outcome = await store().open(request);
      if (outcome.status !== "opened") throw new Error(outcome.status);
      const { now } = outcome.view;
      expect(Math.abs(now - Date.now())).toBeLessThan(10_000);
      expect(outcome.view).toEqual({
        nonce: ref.nonce,
        now,
        failures: [],
        failuresInRow: 0,
        challenge: {
          state: "open",
          purpose: "login",
          codeLength: 6,
          createdAt: now,
          expiresAt: now + 5 * minute,
          resendAt: now + 30_000,
          context: "context",
          codes: ["right"],
          attempts: 0,
          sends: 1,
          sealed: "sealed",
          deliveries: {
            [request.message.deliveryId]: { channel: "sms", state: "sending", createdAt: now, updatedAt: now, leaseUntil: now + 20_000 },
          },
          answers: {},
          reuses: 0,
        },
      });
      expect(await store().read(ref)).toEqual({ ...outcome.view, now: expect.any(Number) });
    });

    test("counts the messages of a recipient over all its challenges, and says truthfully when the next may go", async () => {
      const limits = limitsWith({
        sendWindows: [
          { windowMs: 700, max: 2 },
          { windowMs: 10 * minute, max: 5 },
        ],
      });
      const ref = newRef();
      const first = await store().open(opening(ref, { limits }));
      if (first.status !== "opened") throw new Error(first.status);
      expect(await store().open(opening(another(ref), { limits }))).toMatchObject({ status: "opened" });
      const third = await waitsTruthfully(() => store().open(opening(another(ref), { limits })), {
        status: "rate_limited",
        scope: "recipient",
      });
      expect(third).toMatchObject({ status: "opened" });
      if (third.status === "opened") expect(third.view.now).toBeGreaterThanOrEqual(first.view.now + 700);
      expect(await store().open(opening(newRef(), { limits }))).toMatchObject({ status: "opened" });
    });

    test("the longest wait of all full windows is told", async () => {
      const limits = limitsWith({
        sendWindows: [
          { windowMs: minute, max: 1 },
          { windowMs: 10 * minute, max: 1 },
          { windowMs: 20 * minute, max: 9 },
        ],
      });
      const ref = newRef();
      await store().open(opening(ref, { limits }));
      const refused = await store().open(opening(another(ref), { limits }));
      expect(refused).toMatchObject({ status: "rate_limited", scope: "recipient" });
      if (refused.status !== "rate_limited") return;
      expect(refused.retryAfterMs).toBeGreaterThan(9 * minute);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(10 * minute);
    });

    test("a refused send writes nothing", async () => {
      const limits = limitsWith({ sendWindows: [{ windowMs: 10 * minute, max: 1 }] });
      const ref = newRef();
      await store().open(opening(ref, { limits }));
      const refused = another(ref);
      expect(await store().open(opening(refused, { limits }))).toMatchObject({ status: "rate_limited" });
      expect(await store().read(refused)).toBeUndefined();
      expect(await store().verify(guessing(refused, "right"))).toEqual({ status: "not_found" });
      expect(await store().verify(guessing(ref, "right"))).toMatchObject({ status: "approved" });
    });

    test("a recipient locked by a window is sent nothing until it has passed", async () => {
      const limits = limitsWith({ failureWindows: [{ windowMs: 700, max: 2 }] });
      const ref = newRef();
      await store().open(opening(ref, { limits }));
      await spendGuesses(store(), ref, 2, limits);
      const opened = await waitsTruthfully(() => store().open(opening(another(ref), { limits })), {
        status: "exhausted",
        scope: "recipient",
      });
      expect(opened).toMatchObject({ status: "opened", view: { failuresInRow: 2 } });
    });

    test("a recipient locked in a row is sent nothing, without a time", async () => {
      const limits = limitsWith({ failuresInRow: 2 });
      const ref = newRef();
      await store().open(opening(ref, { limits }));
      await spendGuesses(store(), ref, 2, limits);
      expect(await store().open(opening(another(ref), { limits }))).toEqual({ status: "exhausted", scope: "recipient" });
    });

    test("a lock is told before a send limit", async () => {
      const limits = limitsWith({ failuresInRow: 1, sendWindows: [{ windowMs: 10 * minute, max: 1 }] });
      const ref = newRef();
      await store().open(opening(ref, { limits }));
      await spendGuesses(store(), ref, 1, limits);
      expect(await store().open(opening(another(ref), { limits }))).toEqual({ status: "exhausted", scope: "recipient" });
    });

    test("a record holds a bounded number of challenges", async () => {
      const ref = newRef();
      for (let i = 0; i < maxChallenges; i++) {
        expect(await store().open(opening(another(ref), { lifetimeMs: (i === 3 ? 5 : 10) * minute }))).toMatchObject({ status: "opened" });
      }
      const refused = await store().open(opening(another(ref)));
      expect(refused).toMatchObject({ status: "rate_limited", scope: "recipient" });
      if (refused.status !== "rate_limited") return;
      expect(refused.retryAfterMs).toBeGreaterThan(rememberMs + 4 * minute);
      expect(refused.retryAfterMs).toBeLessThanOrEqual(rememberMs + 5 * minute);
    });

    test("a challenge that is over long enough makes room, and is gone", async () => {
      const ref = newRef();
      // Over from its beginning, for longer than it is remembered: stands for one of an hour ago.
      const old = another(ref);
      expect(await store().open(opening(old, { lifetimeMs: -rememberMs - 1 }))).toMatchObject({ status: "opened" });
      for (let i = 0; i < maxChallenges; i++) {
        expect(await store().open(opening(another(ref)))).toMatchObject({ status: "opened" });
      }
      expect(await store().verify(guessing(old, "right"))).toEqual({ status: "not_found" });
    });

    test("many first sends of one recipient at once are all opened", async () => {
      for (let round = 0; round < 5; round++) {
        const ref = newRef();
        const outcomes = await Promise.all(Array.from({ length: 12 }, () => store().open(opening(another(ref)))));
        expect(outcomes.map((outcome) => outcome.status)).toEqual(Array(12).fill("opened"));
      }
    });
  });
}
