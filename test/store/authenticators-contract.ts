import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LedgerAuthenticator } from "../../src/otp/authenticator.ts";
import type { AuthenticatorStore } from "../../src/otp/authenticator-ports.ts";
import type { SubjectRef } from "../../src/otp/authenticator-requests.ts";
import type { LedgerStore } from "../../src/otp/store-ports.ts";
import { adding, app, codes, confirming, newId, newSubject, waiting } from "./authenticator-requests.ts";
import { guessing, limitsWith, minute, openingUnsent } from "./requests.ts";

export type SubjectStore = AuthenticatorStore & LedgerStore;
export type Opened = { readonly store: SubjectStore; close(): Promise<void> };

/** What every store must do, outcome by outcome: the rules of `otp/authenticator-rules.ts` under a real clock, on a real database. */
export function authenticatorsContract(name: string, open: () => Promise<Opened>): void {
  describe(`authenticators contract: ${name}`, () => {
    let opened: Opened;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened?.close());
    const store = (): SubjectStore => opened.store;
    const known = async (of: SubjectRef): Promise<Readonly<Record<string, LedgerAuthenticator>>> =>
      (await store().inspect(of.ledger))?.ledger.authenticators ?? {};

    it("keeps what it is given, under names of its own, with the moment", async () => {
      const of = newSubject();
      const [phone, token] = [waiting({ name: "$phone.x" }), app({ kind: "hotp", algorithm: "sha512", digits: 8, next: 2 ** 48 - 1 })];
      const outcome = await store().addAuthenticators(adding(of, phone, token));
      const found = await store().inspect(of.ledger);
      if (outcome.status !== "added" || !found) throw new Error(outcome.status);
      const { id: _, confirmMs: __, ...kept } = phone;
      const createdAt = outcome.authenticators[phone.id]?.createdAt ?? 0;
      expect(outcome.authenticators[phone.id]).toEqual({ ...kept, createdAt, confirmBy: createdAt + 10 * minute, attempts: 0, drift: 0 });
      expect(outcome.authenticators[token.id]).toMatchObject({ kind: "hotp", algorithm: "sha512", digits: 8, next: 2 ** 48 - 1 });
      expect(found.ledger.authenticators).toEqual(outcome.authenticators);
      expect(Math.abs(found.now - createdAt)).toBeLessThan(60_000);
    });

    it("adds all or none, up to the maximum of those in use", async () => {
      const of = newSubject();
      const first = [app(), app(), app()];
      await store().addAuthenticators(adding(of, ...first));
      expect(await store().addAuthenticators(adding(of, app(), app(), app()))).toEqual({ status: "too_many" });
      expect(Object.keys(await known(of))).toEqual(first.map(({ id }) => id));
      expect(await store().addAuthenticators(adding(of, app(), app()))).toMatchObject({ status: "added" });
      expect(await store().addAuthenticators(adding(of, waiting()))).toEqual({ status: "too_many" });
      expect(await store().addAuthenticators(adding(newSubject(), ...Array.from({ length: 6 }, () => app())))).toEqual({
        status: "too_many",
      });
      expect(await store().addAuthenticators(adding(of, codes(["h1"])))).toMatchObject({ status: "added" });
    });

    it("forgets the enrolment that has waited longest, and nothing that is in use, where there is no room", async () => {
      const of = newSubject();
      const inUse = [app(), app(), app()];
      await store().addAuthenticators(adding(of, ...inUse));
      const enrolments = [];
      for (let index = 0; index < 4; index++) {
        enrolments.push(waiting());
        expect(await store().addAuthenticators(adding(of, enrolments[index] as ReturnType<typeof waiting>))).toMatchObject({
          status: "added",
        });
        await sleep(2);
      }
      const ids = Object.keys(await known(of)).toSorted();
      expect(ids).toEqual([...inUse, ...enrolments.slice(2)].map(({ id }) => id).toSorted());
      await store().addAuthenticators(adding(of, app(), app()));
      expect(Object.values(await known(of)).filter(({ confirmBy }) => confirmBy !== undefined)).toEqual([]);
    });

    it("leaves one that is known as it is, used codes included", async () => {
      const of = newSubject();
      const phone = waiting();
      await store().addAuthenticators(adding(of, phone));
      await store().proveAuthenticator(confirming(of, phone, 7));
      const before = await known(of);
      const again = { ...app({ id: phone.id, name: "Other", secret: "k2.other" }) };
      expect(await store().addAuthenticators(adding(of, again))).toEqual({ status: "added", authenticators: before });
      expect(await known(of)).toEqual(before);
    });

    it("replaces all recovery codes at once, and nothing else", async () => {
      const of = newSubject();
      const [phone, first, second] = [app(), codes(["h1", "h2"]), codes(["h3"])];
      await store().addAuthenticators(adding(of, phone));
      await store().addAuthenticators(adding(of, first));
      await store().addAuthenticators(adding(of, second));
      const now = await known(of);
      expect(Object.keys(now)).toEqual([phone.id, second.id]);
      expect(now[second.id]).toMatchObject({ unused: ["h3"], salt: "salt", kind: "recovery_code" });
    });

    it("confirms by a right code once, which is used up then", async () => {
      const of = newSubject();
      const phone = waiting({ next: 5 });
      await store().addAuthenticators(adding(of, phone));
      expect(await store().proveAuthenticator(confirming(of, phone))).toMatchObject({
        status: "unprepared",
        now: expect.any(Number),
        authenticator: { secret: "k1.encrypted", next: 5 },
      });
      expect(await store().proveAuthenticator(confirming(of, phone, 4))).toEqual({ status: "mismatch", attemptsRemaining: 4 });
      const proved = await store().proveAuthenticator(confirming(of, phone, 9, { claim: { position: 9, drift: -1 } }));
      expect(proved).toMatchObject({ status: "proved", authenticator: { next: 10, drift: -1, lastUsedAt: expect.any(Number) } });
      expect(proved.status === "proved" && proved.authenticator.confirmBy).toBeUndefined();
      expect(await store().proveAuthenticator(confirming(of, phone, 10))).toEqual({ status: "not_found" });
      expect((await store().inspect(of.ledger))?.ledger.failuresInRow).toBe(1);
    });

    it("has a budget for each authenticator, and one for the subject, which no confirmation forgives", async () => {
      const of = newSubject();
      const limits = limitsWith({ guessesPerChallenge: 3, failureWindows: [{ windowMs: 10 * minute, max: 4 }] });
      const [first, second] = [waiting(), waiting()];
      await store().addAuthenticators(adding(of, first, second));
      const guess = (one: typeof first, position: number | null | undefined) =>
        store().proveAuthenticator(confirming(of, one, position, { limits }));
      expect(await guess(first, null)).toEqual({ status: "mismatch", attemptsRemaining: 2 });
      expect(await guess(first, null)).toEqual({ status: "mismatch", attemptsRemaining: 1 });
      expect(await guess(first, null)).toEqual({ status: "mismatch", attemptsRemaining: 0 });
      expect(await guess(first, 1)).toEqual({ status: "exhausted", scope: "authenticator" });
      expect(await guess(first, undefined)).toEqual({ status: "exhausted", scope: "authenticator" });
      expect(await guess(second, 1)).toMatchObject({ status: "proved" });
      const third = waiting();
      await store().addAuthenticators(adding(of, third));
      expect(await guess(third, null)).toEqual({ status: "mismatch", attemptsRemaining: 0 });
      expect(await guess(third, 1)).toEqual({ status: "exhausted", scope: "recipient", retryAfterMs: expect.any(Number) });
      expect(await store().openUnsent(openingUnsent({ ...of, nonce: newId() }, { limits }))).toMatchObject({ status: "exhausted" });
    });

    it("forgets an enrolment that was not confirmed in time", async () => {
      const of = newSubject();
      const phone = waiting({ confirmMs: 30 });
      await store().addAuthenticators(adding(of, phone));
      await sleep(50);
      expect(await store().proveAuthenticator(confirming(of, phone))).toEqual({ status: "not_found" });
      expect(await store().proveAuthenticator(confirming(of, phone, 1))).toEqual({ status: "not_found" });
      expect(await store().removeAuthenticator({ ...of, authenticator: phone.id, limits: limitsWith() })).toEqual({ status: "not_found" });
      await store().addAuthenticators(adding(of, waiting()));
      expect(Object.keys(await known(of))).not.toContain(phone.id);
    });

    it("finds the counter of a token that is in use, and of no other", async () => {
      const of = newSubject();
      const [token, phone, enrolled] = [app({ kind: "hotp", next: 3 }), app(), waiting({ kind: "hotp" })];
      await store().addAuthenticators(adding(of, token, phone, enrolled));
      const resync = (one: typeof token, position?: number | null) =>
        store().proveAuthenticator(confirming(of, { id: one.id, kind: "hotp" }, position, { act: "resync" }));
      expect(await resync(token)).toMatchObject({ status: "unprepared", authenticator: { next: 3 } });
      expect(await resync(token, 2)).toEqual({ status: "mismatch", attemptsRemaining: 5 });
      expect(await resync(token, 50)).toMatchObject({ status: "proved", authenticator: { next: 51 } });
      expect(await resync(token, 50)).toEqual({ status: "mismatch", attemptsRemaining: 5 });
      for (const other of [phone, enrolled]) expect(await resync(other, 60)).toEqual({ status: "not_found" });
      expect((await store().inspect(of.ledger))?.ledger.failuresInRow).toBe(2);
    });

    it("removes one, whose codes then verify nothing", async () => {
      const of = newSubject();
      const [phone, other] = [app(), app()];
      await store().addAuthenticators(adding(of, phone, other));
      const ref = { ...of, nonce: newId() };
      await store().openUnsent(openingUnsent(ref));
      const remove = () => store().removeAuthenticator({ ...of, authenticator: phone.id, limits: limitsWith() });
      expect(await remove()).toEqual({ status: "removed" });
      expect(await remove()).toEqual({ status: "not_found" });
      expect(Object.keys(await known(of))).toEqual([other.id]);
      const claim = { authenticator: phone.id, position: 1, drift: 0 };
      expect(await store().verify(guessing(ref, "", { hashes: [], claim }))).toMatchObject({ status: "mismatch" });
    });

    it("answers about a subject, or by a name, that nobody knows", async () => {
      const of = newSubject();
      const nobody = { id: newId(), kind: "totp" } as const;
      expect(await store().proveAuthenticator(confirming(of, nobody))).toEqual({ status: "not_found" });
      expect(await store().proveAuthenticator(confirming(of, nobody, 1))).toEqual({ status: "not_found" });
      expect(await store().removeAuthenticator({ ...of, authenticator: newId(), limits: limitsWith() })).toEqual({ status: "not_found" });
      expect(await store().inspect(of.ledger)).toBeUndefined();
      await store().addAuthenticators(adding(of, app()));
      for (const id of ["", "a.b", "$kind", "__proto__", "constructor", "a\0b"]) {
        expect(await store().proveAuthenticator(confirming(of, { id, kind: "totp" }, 1))).toEqual({ status: "not_found" });
        expect(await store().removeAuthenticator({ ...of, authenticator: id, limits: limitsWith() })).toEqual({ status: "not_found" });
      }
    });
  });
}
