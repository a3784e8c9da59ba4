import { describe, expect, test } from "vitest";
import type { GetStore } from "./contract.ts";
import { another, guessing, limitsWith, minute, newRef, opening, resending } from "./requests.ts";
import { sleepAtLeast, spendGuesses, waitsTruthfully } from "./steps.ts";

export function verifyContract(store: GetStore): void {
  describe.concurrent("verify", () => {
    test("accepts the right code once, and forgives", async () => {
      const ref = newRef();
      const opened = await store().open(opening(ref));
      if (opened.status !== "opened") throw new Error(opened.status);
      await spendGuesses(store(), ref, 2, limitsWith());
      const approved = await store().verify(guessing(ref, "right", { hashes: ["under another key", "right"] }));
      if (approved.status !== "approved") throw new Error(approved.status);
      const { now, challenge } = approved.view;
      expect(challenge).toEqual({ ...opened.view.challenge, state: "verified", verifiedAt: now, attempts: 3 });
      expect(approved.view).toMatchObject({ nonce: ref.nonce, failures: [], failuresInRow: 0 });
      expect(await store().verify(guessing(ref, "right"))).toEqual({ status: "used" });
      expect(await store().read(ref)).toMatchObject({ challenge: { state: "verified", attempts: 3 }, failuresInRow: 0 });
    });

    test("a wrong code costs a guess", async () => {
      const ref = newRef();
      await store().open(opening(ref));
      const wrong = await store().verify(guessing(ref, "wrong"));
      expect(wrong).toMatchObject({
        status: "mismatch",
        attemptsRemaining: 4,
        view: { failuresInRow: 1, challenge: { attempts: 1, state: "open" } },
      });
      if (wrong.status === "mismatch") expect(wrong.view.failures).toEqual([wrong.view.now]);
    });

    test("another context costs a guess, and the code is not looked at", async () => {
      const ref = newRef();
      await store().open(opening(ref));
      for (const code of ["right", "wrong"]) {
        expect(await store().verify(guessing(ref, code, { context: "other" }))).toMatchObject({ status: "binding_mismatch" });
      }
      expect(await store().verify(guessing(ref, "wrong"))).toMatchObject({ status: "mismatch", attemptsRemaining: 2 });
    });

    test("the budget of a challenge ends it, for the right code too", async () => {
      const ref = newRef();
      const limits = limitsWith({ guessesPerChallenge: 2 });
      await store().open(opening(ref, { limits }));
      expect(await store().verify(guessing(ref, "wrong", { limits }))).toMatchObject({ attemptsRemaining: 1 });
      expect(await store().verify(guessing(ref, "wrong", { limits }))).toMatchObject({ attemptsRemaining: 0 });
      expect(await store().verify(guessing(ref, "right", { limits }))).toEqual({ status: "exhausted", scope: "challenge" });
      expect(await store().read(ref)).toMatchObject({ challenge: { attempts: 2 }, failuresInRow: 2 });
    });

    test("the windows of a recipient hold over all its challenges and resends, and their end is told truthfully", async () => {
      const ref = newRef();
      const limits = limitsWith({
        failureWindows: [
          { windowMs: 800, max: 3 },
          { windowMs: 10 * minute, max: 9 },
        ],
      });
      const refs = [ref, another(ref), another(ref)];
      for (const one of refs) {
        await store().open(opening(one, { limits }));
        await spendGuesses(store(), one, 1, limits);
        await store().resend(resending(one, { limits }));
      }
      const last = another(ref);
      const check = () => store().verify(guessing(ref, "fresh", { limits }));
      expect(await store().open(opening(last, { limits }))).toMatchObject({ status: "exhausted", scope: "recipient" });
      expect(await waitsTruthfully(check, { status: "exhausted", scope: "recipient" })).toMatchObject({ status: "approved" });
    });

    test("a lock that is hidden: a guess costs its challenge as any other, is compared with nothing, and lengthens no lock", async () => {
      const ref = newRef();
      const limits = limitsWith({ failuresInRow: 1 });
      const hidden = (code: string, more = {}) => store().verify(guessing(ref, code, { limits, hidesLock: true, ...more }));
      const request = { id: "one", content: "same" };
      await store().open(opening(ref, { limits }));
      expect(await hidden("wrong")).toMatchObject({ status: "mismatch", attemptsRemaining: 4 });
      expect(await store().verify(guessing(ref, "right", { limits }))).toMatchObject({ status: "exhausted", scope: "recipient" });
      expect(await hidden("right", { request })).toMatchObject({ status: "mismatch", attemptsRemaining: 3 });
      expect(await hidden("right", { context: "other" })).toMatchObject({ status: "binding_mismatch", attemptsRemaining: 2 });
      expect(await hidden("right", { request })).toMatchObject({ status: "mismatch", attemptsRemaining: 3 });
      for (const attemptsRemaining of [1, 0]) expect(await hidden("right")).toMatchObject({ status: "mismatch", attemptsRemaining });
      expect(await hidden("right")).toEqual({ status: "exhausted", scope: "challenge" });
      expect(await store().read(ref)).toMatchObject({ challenge: { state: "open", attempts: 5 }, failuresInRow: 1 });
    });

    test("what is left is the least of all budgets", async () => {
      const cases = [
        limitsWith({ guessesPerChallenge: 3 }),
        limitsWith({ failuresInRow: 3 }),
        limitsWith({
          failureWindows: [
            { windowMs: minute, max: 3 },
            { windowMs: 10 * minute, max: 7 },
          ],
        }),
      ];
      for (const limits of cases) {
        const ref = newRef();
        await store().open(opening(ref, { limits }));
        for (const attemptsRemaining of [2, 1, 0])
          expect(await store().verify(guessing(ref, "wrong", { limits }))).toMatchObject({ attemptsRemaining });
        expect(await store().verify(guessing(ref, "right", { limits }))).toMatchObject({ status: "exhausted" });
      }
    });

    test("failures in a row lock without a time, and only a success or an operator ends the row", async () => {
      const ref = newRef();
      const limits = limitsWith({ failuresInRow: 2 });
      await store().open(opening(ref, { limits }));
      await spendGuesses(store(), ref, 1, limits);
      expect(await store().verify(guessing(ref, "right", { limits }))).toMatchObject({ status: "approved" });
      const next = another(ref);
      await store().open(opening(next, { limits }));
      await spendGuesses(store(), next, 2, limits);
      expect(await store().verify(guessing(next, "right", { limits }))).toEqual({ status: "exhausted", scope: "recipient" });
      expect(await store().forgive(ref.ledger)).toBe(true);
      expect(await store().verify(guessing(next, "right", { limits }))).toMatchObject({ status: "approved" });
    });

    test("forgiving clears the windows too, but no challenge; of a stranger there is nothing to forgive", async () => {
      const ref = newRef();
      const limits = limitsWith({ guessesPerChallenge: 2, failureWindows: [{ windowMs: minute, max: 2 }] });
      await store().open(opening(ref, { limits }));
      await spendGuesses(store(), ref, 2, limits);
      expect(await store().open(opening(another(ref), { limits }))).toMatchObject({ status: "exhausted" });
      expect(await store().forgive(ref.ledger)).toBe(true);
      expect(await store().read(ref)).toMatchObject({ failures: [], failuresInRow: 0, challenge: { attempts: 2 } });
      expect(await store().open(opening(another(ref), { limits }))).toMatchObject({ status: "opened" });
      expect(await store().verify(guessing(ref, "right", { limits }))).toEqual({ status: "exhausted", scope: "challenge" });
      expect(await store().forgive(newRef().ledger)).toBe(false);
    });

    test("expires by the store's clock, at once and for good", async () => {
      const ref = newRef();
      const opened = await store().open(opening(ref, { lifetimeMs: 400 }));
      if (opened.status !== "opened") throw new Error(opened.status);
      expect(await store().verify(guessing(ref, "wrong"))).toMatchObject({ status: "mismatch" });
      await sleepAtLeast(400);
      expect(await store().verify(guessing(ref, "right"))).toEqual({ status: "expired" });
      expect(await store().read(ref)).toMatchObject({ challenge: { state: "open", attempts: 1 } });
    });

    test("what is over costs nothing", async () => {
      const [ref, later] = [newRef(), newRef()];
      await store().open(opening(ref));
      await store().cancel(ref);
      expect(await store().verify(guessing(ref, "right"))).toEqual({ status: "canceled" });
      await store().open(opening(later, { lifetimeMs: 1 }));
      await sleepAtLeast(1);
      expect(await store().verify(guessing(later, "wrong"))).toEqual({ status: "expired" });
      for (const over of [ref, later]) expect(await store().read(over)).toMatchObject({ challenge: { attempts: 0 }, failuresInRow: 0 });
    });

    test("unknown, another nonce, another application: not found, and nothing is charged", async () => {
      const ref = newRef();
      await store().open(opening(ref));
      for (const stranger of [newRef(), another(ref), { ...ref, application: "other" }]) {
        expect(await store().verify(guessing(stranger, "right"))).toEqual({ status: "not_found" });
        expect(await store().read(stranger)).toBeUndefined();
      }
      expect(await store().read(ref)).toMatchObject({ challenge: { attempts: 0, state: "open" } });
    });
  });

  describe.concurrent("verify under a request id", () => {
    const limits = limitsWith({ guessesPerChallenge: 3 });
    const request = { id: "request", content: "content" };

    test.each([
      ["approved", "right", "context"],
      ["mismatch", "wrong", "context"],
      ["binding_mismatch", "right", "other"],
    ] as const)("gives the answer %s again, and charges once", async (status, code, context) => {
      const ref = newRef();
      await store().open(opening(ref, { limits }));
      const guess = guessing(ref, code, { context, request, limits });
      const first = await store().verify(guess);
      expect(first).toMatchObject({ status });
      const again = await store().verify(guess);
      expect(again).toEqual({ ...first, ...("view" in first && { view: { ...first.view, now: expect.any(Number) } }) });
      expect(await store().read(ref)).toMatchObject({ challenge: { attempts: 1 }, failuresInRow: status === "approved" ? 0 : 1 });
    });

    test("remembers what was left at the time, past every other limit", async () => {
      const ref = newRef();
      await store().open(opening(ref, { limits, lifetimeMs: 500 }));
      await store().verify(guessing(ref, "wrong", { request, limits }));
      await spendGuesses(store(), ref, 2, limits);
      const again = () => store().verify(guessing(ref, "wrong", { request, limits }));
      expect(await again()).toMatchObject({ status: "mismatch", attemptsRemaining: 2, view: { challenge: { attempts: 3 } } });
      await sleepAtLeast(500);
      expect(await again()).toMatchObject({ status: "mismatch", attemptsRemaining: 2 });
    });

    test("with other content is refused, and no oracle: it is charged apart", async () => {
      const ref = newRef();
      await store().open(opening(ref, { limits }));
      await store().verify(guessing(ref, "right", { request, limits }));
      const probe = (content: string) => store().verify(guessing(ref, "right", { request: { ...request, content }, limits }));
      for (const content of ["a", "b", "c"]) expect(await probe(content)).toEqual({ status: "request_reused" });
      expect(await probe("d")).toEqual({ status: "exhausted", scope: "challenge" });
      expect(await probe("content")).toEqual({ status: "exhausted", scope: "challenge" });
      expect(await store().read(ref)).toMatchObject({ challenge: { attempts: 1, reuses: 3 } });
    });

    test("remembers no refusal", async () => {
      const ref = newRef();
      const locked = { ...limits, failuresInRow: 1 };
      await store().open(opening(ref, { limits }));
      await spendGuesses(store(), ref, 1, limits);
      const guess = (with_: typeof limits) => store().verify(guessing(ref, "right", { request, limits: with_ }));
      expect(await guess(locked)).toEqual({ status: "exhausted", scope: "recipient" });
      expect(await guess(limits)).toMatchObject({ status: "approved" });
    });
  });
}
