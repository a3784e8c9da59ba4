import { describe, expect, test } from "vitest";
import { maxChallenges, type VerifyChallenge } from "../../src/otp/ledger.ts";
import type { GetStore, Plant } from "./contract.ts";
import { another, authenticatorWith, guessing, limitsWith, minute, newRef, opening, openingUnsent, resending } from "./requests.ts";
import { sleepAtLeast, waitsTruthfully } from "./steps.ts";

const totp = authenticatorWith({ next: 100 });
const recovery = authenticatorWith({ kind: "recovery_code", secret: "", salt: "salt", unused: ["h1", "h2", "h3"] });

export function unsentContract(store: GetStore, plant: Plant): void {
  /** A subject's challenge, and guesses at it. */
  const subjectWith = async (authenticators: Parameters<Plant>[1], more: Parameters<typeof openingUnsent>[1] = {}) => {
    const ref = newRef();
    await plant(ref, authenticators);
    await store().openUnsent(openingUnsent(ref, more));
    const next = async () => {
      const other = another(ref);
      await store().openUnsent(openingUnsent(other, more));
      return other;
    };
    return { ref, next };
  };
  const claiming = (ref: Parameters<typeof guessing>[0], claim: VerifyChallenge["claim"] & object, more: Partial<VerifyChallenge> = {}) =>
    store().verify(guessing(ref, "", { hashes: [], claim, ...more }));
  const answering = async (ref: Parameters<typeof guessing>[0]) => {
    const unprepared = await store().verify(guessing(ref, "any"));
    if (unprepared.status !== "unprepared") throw new Error(unprepared.status);
    return unprepared.view.authenticators;
  };

  describe.concurrent("openUnsent", () => {
    test("opens a challenge without a message, which costs none", async () => {
      const ref = newRef();
      await plant(ref, { a1: totp });
      const limits = limitsWith({ sendWindows: [{ windowMs: minute, max: 1 }] });
      const idempotency = { key: "key", content: "content" };
      const opened = await store().openUnsent(openingUnsent(ref, { limits, accepts: ["totp"], idempotency }));
      if (opened.status !== "opened") throw new Error(opened.status);
      const { now, challenge } = opened.view;
      expect(opened.view).toEqual({ nonce: ref.nonce, now, challenge, failures: [], failuresInRow: 0 });
      expect(challenge).toEqual({
        state: "open",
        purpose: "login",
        codeLength: 0,
        createdAt: now,
        expiresAt: now + 10 * minute,
        resendAt: now,
        context: "context",
        codes: [],
        attempts: 0,
        sends: 0,
        sealed: "sealed",
        deliveries: {},
        answers: {},
        reuses: 0,
        accepts: ["totp"],
        idempotency,
      });
      expect(await store().read(ref)).toEqual({ ...opened.view, now: expect.any(Number) });
      expect(await store().openUnsent(openingUnsent(another(ref), { limits }))).toMatchObject({ status: "opened" });
      expect(await store().resend(resending(ref))).toEqual({ status: "not_found" });
      expect(await store().cancel(ref)).toMatchObject({ status: "canceled_now" });
    });

    test("without an authenticator that could answer is refused and not written, or hides it", async () => {
      const ref = newRef();
      const none = { status: "no_authenticator" };
      expect(await store().openUnsent(openingUnsent(ref))).toEqual(none);
      expect(await store().forgive(ref.ledger)).toBe(false);
      await plant(ref, { a1: authenticatorWith({ confirmBy: Date.now() + minute }), a2: recovery });
      expect(await store().openUnsent(openingUnsent(ref, { accepts: ["totp", "hotp"] }))).toEqual(none);
      expect(await store().read(ref)).toBeUndefined();
      expect(await store().openUnsent(openingUnsent(ref, { accepts: ["totp"], hideAbsence: true }))).toMatchObject({ status: "opened" });
      const hidden = newRef();
      expect(await store().openUnsent(openingUnsent(hidden, { hideAbsence: true }))).toMatchObject({ status: "opened" });
      expect(await answering(hidden)).toEqual({});
      expect(await claiming(hidden, { authenticator: "a1", position: 1, drift: 0 })).toMatchObject({ status: "mismatch" });
    });

    test("a retry meets its own challenge; other content is refused", async () => {
      const ref = newRef();
      await plant(ref, { a1: totp });
      const asked = (content: string) => store().openUnsent(openingUnsent(ref, { idempotency: { key: "key", content } }));
      expect(await asked("a")).toMatchObject({ status: "opened" });
      expect(await asked("a")).toMatchObject({ status: "replayed", view: { challenge: { state: "open", attempts: 0 } } });
      expect(await asked("b")).toEqual({ status: "key_reused" });
    });

    test("a locked subject is told so; a full record forgets its oldest challenge instead", async () => {
      const { ref } = await subjectWith({ a1: totp });
      const limits = limitsWith({ failureWindows: [{ windowMs: 1_500, max: 1 }] });
      await claiming(ref, { authenticator: "a1", position: 1, drift: 0 });
      const open = () => store().openUnsent(openingUnsent(another(ref), { limits }));
      expect(await waitsTruthfully(open, { status: "exhausted", scope: "recipient" })).toMatchObject({ status: "opened" });
      const more = Array.from({ length: maxChallenges }, () => another(ref));
      for (const each of more) expect(await store().openUnsent(openingUnsent(each))).toMatchObject({ status: "opened" });
      expect(await store().read(ref)).toBeUndefined();
      for (const each of more) expect(await store().read(each)).toBeDefined();
      const last = another(ref);
      await store().openUnsent(openingUnsent(last));
      const views = await Promise.all([...more, last].map((each) => store().read(each)));
      expect(views.map((view) => view !== undefined)).toEqual([false, ...Array.from({ length: maxChallenges }, () => true)]);
    });
  });

  describe.concurrent("claims", () => {
    test("a guess without a claim costs nothing, and is told what could answer", async () => {
      const unconfirmed = authenticatorWith({ confirmBy: Date.now() + minute });
      const hotp = authenticatorWith({ kind: "hotp", lastUsedAt: 1_800_000_000_001 });
      const { ref } = await subjectWith({ a1: totp, a2: recovery, a3: unconfirmed, a4: hotp }, { accepts: ["totp", "hotp"] });
      expect(await answering(ref)).toEqual({ a1: totp, a4: hotp });
      expect(await store().read(ref)).toMatchObject({ failures: [], challenge: { attempts: 0 } });
      const recipient = newRef();
      await store().open(opening(recipient));
      const approved = await store().verify(guessing(recipient, "right"));
      expect(approved.status === "approved" && "authenticators" in approved.view).toBe(false);
    });

    test("a position is accepted once, and none before it", async () => {
      const { ref, next } = await subjectWith({ a1: totp, a2: authenticatorWith({ kind: "hotp", next: 7 }) });
      const approved = await claiming(ref, { authenticator: "a1", position: 105, drift: 1 });
      if (approved.status !== "approved") throw new Error(approved.status);
      expect(approved.view.challenge).toMatchObject({ state: "verified", verifiedBy: "totp", attempts: 1 });
      expect(await claiming(ref, { authenticator: "a1", position: 106, drift: 0 })).toEqual({ status: "used" });
      const later = await next();
      expect((await answering(later))?.a1).toEqual({ ...totp, next: 106, drift: 1, lastUsedAt: approved.view.now });
      for (const position of [105, 104, 0])
        expect(await claiming(later, { authenticator: "a1", position, drift: 0 })).toMatchObject({ status: "mismatch" });
      expect(await claiming(later, { authenticator: "a2", position: 7, drift: 0 })).toMatchObject({
        status: "approved",
        view: { failuresInRow: 0, challenge: { verifiedBy: "hotp", attempts: 4 } },
      });
      expect((await answering(await next()))?.a1).toMatchObject({ next: 106, drift: 1 });
    });

    test("a recovery code is accepted once", async () => {
      const { ref, next } = await subjectWith({ a1: recovery });
      expect(await claiming(ref, { authenticator: "a1", hash: "h2" })).toMatchObject({
        status: "approved",
        view: { challenge: { verifiedBy: "recovery_code" } },
      });
      const later = await next();
      expect((await answering(later))?.a1).toMatchObject({ unused: ["h1", "h3"], salt: "salt" });
      expect(await claiming(later, { authenticator: "a1", hash: "h2" })).toMatchObject({ status: "mismatch" });
      expect(await claiming(later, { authenticator: "a1", position: 5, drift: 0 })).toMatchObject({ status: "mismatch" });
      expect(await claiming(later, { authenticator: "a1", hash: "h1" })).toMatchObject({ status: "approved" });
    });

    test("what is not active, not accepted, not there or nothing is wrong, and costs a guess", async () => {
      const unconfirmed = authenticatorWith({ confirmBy: Date.now() + minute });
      const { ref } = await subjectWith({ a1: totp, a2: unconfirmed, a3: recovery }, { accepts: ["totp"] });
      const limits = limitsWith({ guessesPerChallenge: 9 });
      const wrong = [
        { authenticator: "a2", position: 200, drift: 0 },
        { authenticator: "a3", hash: "h1" },
        { authenticator: "a4", position: 200, drift: 0 },
        { authenticator: "a1", hash: "h1" },
        { authenticator: "constructor", position: 200, drift: 0 },
        { authenticator: "__proto__", position: 200, drift: 0 },
      ] as const;
      for (const claim of wrong) expect(await claiming(ref, claim, { limits })).toMatchObject({ status: "mismatch" });
      expect(await store().verify(guessing(ref, "right", { claim: null, limits }))).toMatchObject({
        status: "mismatch",
        attemptsRemaining: 2,
      });
      expect(({} as { next?: number }).next).toBeUndefined();
      const right = { authenticator: "a1", position: 200, drift: 0 };
      expect(await claiming(ref, right, { context: "other", limits })).toMatchObject({ status: "binding_mismatch" });
      expect(await claiming(ref, right, { limits })).toMatchObject({ status: "approved" });
    });

    test("a request id gets its answer again, and spends nothing twice", async () => {
      const { ref } = await subjectWith({ a1: totp });
      const request = { id: "r1", content: "content" };
      const first = await claiming(ref, { authenticator: "a1", position: 100, drift: 0 }, { request });
      expect(first).toMatchObject({ status: "approved" });
      const again = await store().verify(guessing(ref, "", { request }));
      expect(again).toMatchObject({ status: "approved", view: { challenge: { attempts: 1, verifiedBy: "totp" } } });
    });

    test("an expired challenge spends nothing", async () => {
      const { ref, next } = await subjectWith({ a1: totp }, { lifetimeMs: 200 });
      await sleepAtLeast(200);
      expect(await claiming(ref, { authenticator: "a1", position: 100, drift: 0 })).toEqual({ status: "expired" });
      expect((await answering(await next()))?.a1).toEqual(totp);
    });
  });

  describe.concurrent("charge", () => {
    test("counts guesses made elsewhere, up to the budget, also where nothing was known; forgiving clears them", async () => {
      const { ledger, application } = newRef();
      const limits = limitsWith({ failuresInRow: 3 });
      const charge = () => store().charge({ ledger, application, limits });
      for (let i = 0; i < 3; i++) expect(await charge()).toEqual({ status: "charged" });
      expect(await charge()).toEqual({ status: "exhausted", scope: "recipient" });
      expect(await store().forgive(ledger)).toBe(true);
      expect(await charge()).toEqual({ status: "charged" });
    });

    test("its windows end when it says so", async () => {
      const { ledger, application } = newRef();
      const limits = limitsWith({ failureWindows: [{ windowMs: 1_500, max: 2 }] });
      const charge = () => store().charge({ ledger, application, limits });
      await charge();
      await charge();
      expect(await waitsTruthfully(charge, { status: "exhausted", scope: "recipient" })).toEqual({ status: "charged" });
    });

    test("shares its budget with the subject's own challenges, and leaves its authenticators", async () => {
      const { ref, next } = await subjectWith({ a1: totp });
      const limits = limitsWith({ failuresInRow: 2 });
      expect(await store().charge({ ledger: ref.ledger, application: ref.application, limits })).toEqual({ status: "charged" });
      expect(await claiming(ref, { authenticator: "a1", position: 1, drift: 0 }, { limits })).toMatchObject({ attemptsRemaining: 0 });
      expect(await claiming(ref, { authenticator: "a1", position: 100, drift: 0 }, { limits })).toEqual({
        status: "exhausted",
        scope: "recipient",
      });
      expect(await claiming(ref, { authenticator: "a1", position: 100, drift: 0 })).toMatchObject({
        status: "approved",
        view: { failuresInRow: 0 },
      });
      expect((await answering(await next()))?.a1).toMatchObject({ next: 101 });
    });

    test("a recipient's challenge that names its subject compares nothing before the subject is charged", async () => {
      const ref = newRef();
      await store().open(opening(ref, { subject: "the subject's ledger" }));
      expect(await store().read(ref)).toMatchObject({ challenge: { subject: "the subject's ledger" } });
      for (const code of ["wrong", "right"]) {
        expect(await store().verify(guessing(ref, code))).toMatchObject({
          status: "unprepared",
          view: { authenticators: {}, failuresInRow: 0 },
        });
      }
      expect(await store().verify(guessing(ref, "wrong", { subjectCharged: true }))).toMatchObject({
        status: "mismatch",
        attemptsRemaining: 4,
      });
      expect(await store().verify(guessing(ref, "right", { subjectCharged: true }))).toMatchObject({ status: "approved" });
    });
  });
}
