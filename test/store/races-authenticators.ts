import assert from "node:assert/strict";
import type { Claim, LedgerAuthenticator } from "../../src/otp/authenticator.ts";
import type { ChallengeRef } from "../../src/otp/ledger.ts";
import type { LedgerStore } from "../../src/otp/store-ports.ts";
import type { LedgerLimits } from "../../src/otp/types.ts";
import type { Plant } from "./contract.ts";
import { one, parallel, type Race, rounds, sum, tally } from "./racing.ts";
import { another, authenticatorWith, guessing, limitsWith, minute, newRef, opening, openingUnsent } from "./requests.ts";

type Subject = { readonly stores: readonly LedgerStore[]; readonly plant: Plant };
type Race1 = (subject: Subject) => Promise<void>;

const race = (name: string, count: number, round: Race1): Race => ({
  name,
  run: (stores, plant) => rounds(count, () => round({ stores, plant })),
});

const totp = authenticatorWith({ next: 100 });
const hotp = authenticatorWith({ kind: "hotp", next: 100 });
const recovery = authenticatorWith({ kind: "recovery_code", unused: ["h1", "h2"] });
const at = (position: number): Claim => ({ authenticator: "a1", position, drift: 0 });

export const authenticatorRaces: readonly Race[] = [
  race("200 parallel right claims of one TOTP position over four challenges: one is accepted", 2, (on) => oneClaim(on, totp, at(105))),
  race("200 parallel right claims of one HOTP position over four challenges: one is accepted", 2, (on) => oneClaim(on, hotp, at(100))),
  race("200 parallel right claims of one recovery code over four challenges: one is accepted", 2, (on) =>
    oneClaim(on, recovery, { authenticator: "a1", hash: "h1" }),
  ),
  race("a TOTP position and the one before it at once: never the earlier after the later", 40, (on) => twoPositions(on, totp)),
  race("a HOTP position and the one before it at once: never the earlier after the later", 40, (on) => twoPositions(on, hotp)),
  race("both recovery codes at once: each is accepted, and none is left", 40, bothCodes),
  race("200 parallel wrong claims over five challenges: the subject's budget", 2, wrongClaims),
  race("60 parallel charges from many recipients' ledgers: the subject's windows", 3, manyCharges),
  race("charges and wrong claims at once: one budget", 3, chargesAndClaims),
  race("60 parallel openings of unsent challenges: the record stays bounded", 2, manyOpenings),
];

/** Challenges of one subject, which has one authenticator. */
async function challengesOf(
  { stores, plant }: Subject,
  count: number,
  authenticator: LedgerAuthenticator,
  limits = limitsWith(),
): Promise<ChallengeRef[]> {
  const first = newRef();
  await plant(first, { a1: authenticator });
  const refs = Array.from({ length: count }, () => another(first));
  for (const ref of refs) await one(stores).openUnsent(openingUnsent(ref, { limits }));
  return refs;
}

const claiming = (
  store: LedgerStore,
  ref: ChallengeRef,
  claim: Claim,
  limits: LedgerLimits = limitsWith({ guessesPerChallenge: 200, failuresInRow: 1000, failureWindows: [{ windowMs: minute, max: 1000 }] }),
) => store.verify(guessing(ref, "", { hashes: [], claim, limits }));

async function oneClaim(on: Subject, authenticator: LedgerAuthenticator, claim: Claim): Promise<void> {
  const refs = await challengesOf(on, 4, authenticator);
  const outcomes = await parallel(200, on.stores, (store, i) => claiming(store, refs[i % 4] as ChallengeRef, claim));
  const { approved, mismatch = 0, used = 0 } = tally(outcomes);
  assert.deepEqual({ approved, others: mismatch + used }, { approved: 1, others: 199 });
  const views = await Promise.all(refs.map((ref) => one(on.stores).read(ref)));
  assert.equal(views.filter((view) => view?.challenge.state === "verified").length, 1);
}

async function twoPositions(on: Subject, authenticator: LedgerAuthenticator): Promise<void> {
  const [first, second, third] = (await challengesOf(on, 3, authenticator)) as [ChallengeRef, ChallengeRef, ChallengeRef];
  const later = claiming(one(on.stores), first, at(105)).then(async (outcome) => {
    assert.equal(outcome.status, "approved");
    const after = await claiming(one(on.stores, 1), third, at(104));
    assert.equal(after.status, "mismatch", "an earlier position was accepted after a later one");
  });
  const [earlier] = await Promise.all([claiming(one(on.stores, 1), second, at(104)), later]);
  assert.ok(earlier.status === "approved" || earlier.status === "mismatch", earlier.status);
  const unprepared = await one(on.stores).verify(guessing(await fresh(on, first), ""));
  assert.equal(unprepared.status === "unprepared" && unprepared.view.authenticators?.a1?.next, 106);
}

async function bothCodes(on: Subject): Promise<void> {
  const refs = await challengesOf(on, 2, recovery);
  const outcomes = await parallel(2, on.stores, (store, i) =>
    claiming(store, refs[i] as ChallengeRef, { authenticator: "a1", hash: i ? "h1" : "h2" }),
  );
  assert.deepEqual(tally(outcomes), { approved: 2 });
  const unprepared = await one(on.stores).verify(guessing(await fresh(on, refs[0] as ChallengeRef), ""));
  assert.deepEqual(unprepared.status === "unprepared" && unprepared.view.authenticators?.a1?.unused, []);
}

async function fresh({ stores }: Subject, ref: ChallengeRef): Promise<ChallengeRef> {
  const other = another(ref);
  await one(stores).openUnsent(openingUnsent(other));
  return other;
}

const budgetOfTen = limitsWith({ guessesPerChallenge: 5, failureWindows: [{ windowMs: 10 * minute, max: 10 }] });

async function wrongClaims(on: Subject): Promise<void> {
  const refs = await challengesOf(on, 5, totp, budgetOfTen);
  const outcomes = await parallel(200, on.stores, (store, i) => claiming(store, refs[i % 5] as ChallengeRef, at(1), budgetOfTen));
  assert.deepEqual(tally(outcomes), { mismatch: 10, exhausted: 190 });
  const views = await Promise.all(refs.map((ref) => one(on.stores).read(ref)));
  assert.equal(sum(views.map((view) => view?.challenge.attempts ?? 0)), 10);
  assert.deepEqual([views[0]?.failures.length, views[0]?.failuresInRow], [10, 10]);
}

/** Each of the guesses was charged to the subject before, so no more are compared than the subject has left. */
async function manyCharges({ stores }: Subject): Promise<void> {
  const subject = newRef();
  const recipients = Array.from({ length: 6 }, () => newRef());
  for (const ref of recipients) await one(stores).open(opening(ref, { subject: subject.ledger }));
  const outcomes = await parallel(60, stores, async (store, i) => {
    const { ledger, application } = subject;
    const charge = await store.charge({ ledger, application, limits: budgetOfTen });
    if (charge.status !== "charged") return charge;
    return store.verify(
      guessing(recipients[i % 6] as ChallengeRef, "wrong", { subjectCharged: true, limits: limitsWith({ guessesPerChallenge: 60 }) }),
    );
  });
  assert.deepEqual(tally(outcomes), { mismatch: 10, exhausted: 50 });
}

async function chargesAndClaims(on: Subject): Promise<void> {
  const refs = await challengesOf(on, 4, totp, budgetOfTen);
  const [{ ledger, application }] = refs as [ChallengeRef];
  const outcomes = await parallel(60, on.stores, async (store, i): Promise<{ readonly status: string }> => {
    if (i % 2) return store.charge({ ledger, application, limits: budgetOfTen });
    return claiming(store, refs[i % 4] as ChallengeRef, at(1), budgetOfTen);
  });
  const { charged = 0, mismatch = 0, exhausted } = tally(outcomes);
  assert.deepEqual({ taken: charged + mismatch, exhausted }, { taken: 10, exhausted: 50 });
}

async function manyOpenings(on: Subject): Promise<void> {
  const [first] = (await challengesOf(on, 1, totp)) as [ChallengeRef];
  const refs = Array.from({ length: 60 }, () => another(first));
  assert.deepEqual(tally(await parallel(60, on.stores, (store, i) => store.openUnsent(openingUnsent(refs[i] as ChallengeRef)))), {
    opened: 60,
  });
  const views = await Promise.all(refs.map((ref) => one(on.stores).read(ref)));
  assert.equal(views.filter((view) => view).length, 32);
}
