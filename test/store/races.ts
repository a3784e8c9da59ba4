import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { ChallengeRef, VerifyOutcome } from "../../src/otp/ledger.ts";
import type { LedgerStore } from "../../src/otp/store-ports.ts";
import { authenticatorRaces } from "./races-authenticators.ts";
import { fallbackRaces } from "./races-fallback.ts";
import { one, parallel, type Race, rounds, sum, tally } from "./racing.ts";
import { another, guessing, limitsWith, minute, newRef, opening, resending } from "./requests.ts";

/** Each of these is seen to fail on `broken-store.ts`, which reads, decides, and then writes. */
export const races: readonly Race[] = [
  { name: "200 parallel right codes: one is accepted", run: (stores) => rounds(3, () => rightCodes(stores)) },
  { name: "200 parallel wrong codes: the challenge's budget is compared", run: (stores) => rounds(2, () => wrongCodes(stores, 1, 5)) },
  {
    name: "200 parallel wrong codes over many challenges: the recipient's budget",
    run: (stores) => rounds(2, () => wrongCodes(stores, 5, 10)),
  },
  {
    name: "verify against resend: no accept twice, and none of a replaced code",
    run: (stores) => rounds(40, () => verifyAndResend(stores)),
  },
  { name: "verify against cancel: one of them wins", run: (stores) => rounds(40, () => verifyAndCancel(stores)) },
  { name: "verify against expiry: one accept before the deadline, or none", run: (stores) => rounds(40, () => verifyAndExpiry(stores)) },
  { name: "60 parallel sends: the recipient's limit", run: (stores) => rounds(3, () => manySends(stores)) },
  { name: "60 parallel resends: the challenge's limit", run: (stores) => rounds(3, () => manyResends(stores)) },
  { name: "one idempotency key 50 times: one message", run: (stores) => rounds(3, () => oneKey(stores)) },
  { name: "one request id 50 times: one charge, one answer", run: (stores) => rounds(3, () => oneRequest(stores)) },
  { name: "40 recipients at once: one message, one accept, and one budget each", run: (stores) => rounds(4, () => manyRecipients(stores)) },
  ...fallbackRaces,
  ...authenticatorRaces,
];

async function rightCodes(stores: readonly LedgerStore[]): Promise<void> {
  const ref = newRef();
  await one(stores).open(opening(ref));
  const outcomes = await parallel(200, stores, (store) => store.verify(guessing(ref, "right")));
  assert.deepEqual(tally(outcomes), { approved: 1, used: 199 });
}

async function wrongCodes(stores: readonly LedgerStore[], challenges: number, budget: number): Promise<void> {
  const limits = limitsWith({ guessesPerChallenge: 5, failureWindows: [{ windowMs: 10 * minute, max: 10 }] });
  const first = newRef();
  const refs = Array.from({ length: challenges }, () => another(first));
  for (const ref of refs) await one(stores).open(opening(ref, { limits }));
  const outcomes = await parallel(200, stores, (store, i) => store.verify(guessing(refs[i % challenges] ?? first, "wrong", { limits })));
  assert.deepEqual(tally(outcomes), { mismatch: budget, exhausted: 200 - budget });
  const left = outcomes.flatMap((outcome) => (outcome.status === "mismatch" ? [outcome.attemptsRemaining] : []));
  assert.equal(Math.min(...left), 0);
  const views = await Promise.all(refs.map((ref) => one(stores).read(ref)));
  assert.equal(sum(views.map((view) => view?.challenge.attempts ?? 0)), budget);
  assert.deepEqual([views[0]?.failures.length, views[0]?.failuresInRow], [budget, budget]);
}

async function verifyAndResend(stores: readonly LedgerStore[]): Promise<void> {
  const ref = newRef();
  await one(stores).open(opening(ref, { message: { code: "old" } }));
  const verify = (code: string, index: number) => one(stores, index).verify(guessing(ref, code));
  const resendThenVerify = async () => {
    const { status } = await one(stores, 1).resend(resending(ref, { message: { code: "new" } }));
    const [old, fresh] = [await verify("old", 0), await verify("new", 1)];
    if (status === "opened") assert.notEqual(old.status, "approved", "a replaced code was accepted");
    return [old, fresh];
  };
  const outcomes = await Promise.all([verify("old", 0), resendThenVerify()]);
  assert.equal(accepts(outcomes.flat()), 1);
}

async function verifyAndCancel(stores: readonly LedgerStore[]): Promise<void> {
  const ref = newRef();
  await one(stores).open(opening(ref));
  const [verified, canceled] = await Promise.all([
    one(stores).verify(guessing(ref, "right")),
    parallel(2, stores, (store) => store.cancel(ref)),
  ]);
  const isAccepted = verified.status === "approved";
  assert.deepEqual(tally(canceled), isAccepted ? { used: 2 } : { canceled_now: 2 });
  assert.equal((await one(stores).read(ref))?.challenge.state, isAccepted ? "verified" : "canceled");
}

/**
 * Around the deadline, one call accepts or none does. A database fixes `now` when a call reaches it, so of two that overlap the
 * earlier one may be decided last; but whoever starts after somebody was told "expired" is too late.
 */
async function verifyAndExpiry(stores: readonly LedgerStore[]): Promise<void> {
  const ref = newRef();
  const opened = await one(stores).open(opening(ref, { lifetimeMs: 50 }));
  assert.equal(opened.status, "opened");
  const firstMs = 40 + Math.random() * 12;
  const calls = await parallel(8, stores, async (store, index) => {
    await sleep(firstMs + index);
    const startedAt = performance.now();
    const outcome = await store.verify(guessing(ref, "right"));
    return { startedAt, endedAt: performance.now(), outcome };
  });
  const outcomes = calls.map(({ outcome }) => outcome);
  const firstExpired = Math.min(
    ...calls.map(({ outcome, endedAt }) => (outcome.status === "expired" ? endedAt : Number.POSITIVE_INFINITY)),
  );
  for (const { outcome, startedAt } of calls) {
    if (outcome.status !== "approved") continue;
    assert.ok(outcome.view.now < outcome.view.challenge.expiresAt, "accepted after the deadline");
    assert.ok(startedAt < firstExpired, "accepted after somebody was told that it had expired");
  }
  assert.ok(accepts(outcomes) <= 1, "accepted twice");
  assert.equal((await one(stores).read(ref))?.challenge.attempts, accepts(outcomes));
}

async function manySends(stores: readonly LedgerStore[]): Promise<void> {
  const limits = limitsWith({
    sendWindows: [
      { windowMs: 10 * minute, max: 5 },
      { windowMs: 60 * minute, max: 10 },
    ],
  });
  const ref = newRef();
  const outcomes = await parallel(60, stores, (store) => store.open(opening(another(ref), { limits })));
  assert.deepEqual(tally(outcomes), { opened: 5, rate_limited: 55 });
}

async function manyResends(stores: readonly LedgerStore[]): Promise<void> {
  const limits = limitsWith({ sendsPerChallenge: 3 });
  const ref = newRef();
  await one(stores).open(opening(ref, { limits }));
  const outcomes = await parallel(60, stores, (store) => store.resend(resending(ref, { limits })));
  // Who waited for another may hold an earlier `$$NOW`, at which even a cooldown of nothing is not over.
  const { opened, rate_limited: limited = 0, cooldown = 0 } = tally(outcomes);
  assert.deepEqual({ opened, refused: limited + cooldown }, { opened: 2, refused: 58 });
}

async function oneKey(stores: readonly LedgerStore[]): Promise<void> {
  const ref = newRef();
  const idempotency = { key: "key", content: "content" };
  const outcomes = await parallel(50, stores, (store) => store.open(opening(ref, { message: { idempotency } })));
  assert.deepEqual(tally(outcomes), { opened: 1, in_progress: 49 });
  const resends = await parallel(50, stores, (store) =>
    store.resend(resending(ref, { message: { idempotency: { ...idempotency, key: "other" } } })),
  );
  assert.deepEqual(tally(resends), { opened: 1, in_progress: 49 });
}

/** Between the repeats others guess too: the one answer must be that of the one charge, and no charge may be lost. */
async function oneRequest(stores: readonly LedgerStore[]): Promise<void> {
  const limits = limitsWith({ guessesPerChallenge: 10 });
  const ref = newRef();
  await one(stores).open(opening(ref, { limits }));
  const guesses = (count: number, code: string, id?: string) =>
    parallel(count, stores, (store) => store.verify(guessing(ref, code, { limits, ...(id && { request: { id, content: code } }) })));
  const [wrong, others] = await Promise.all([guesses(50, "wrong", "a"), guesses(4, "wrong")]);
  assert.deepEqual(tally([...wrong, ...others]), { mismatch: 54 });
  assert.equal(new Set(wrong.map((outcome) => outcome.status === "mismatch" && outcome.attemptsRemaining)).size, 1);
  assert.equal((await one(stores).read(ref))?.challenge.attempts, 5);
  assert.deepEqual(tally(await guesses(50, "right", "b")), { approved: 50 });
  assert.equal((await one(stores).read(ref))?.challenge.attempts, 6);
}

/** So many that stores which gather calls decide them together, while the other stores do the same. */
async function manyRecipients(stores: readonly LedgerStore[]): Promise<void> {
  const limits = limitsWith({ guessesPerChallenge: 5, sendWindows: [{ windowMs: 10 * minute, max: 1 }] });
  const refs = Array.from({ length: 40 }, () => newRef());
  const callers = [...stores, ...stores];
  const ofEach = async <T extends { readonly status: string }>(call: (store: LedgerStore, ref: ChallengeRef) => Promise<T>) => {
    const outcomes = await Promise.all(callers.map((store) => Promise.all(refs.map((ref) => call(store, ref)))));
    return refs.map((_, index) => tally(outcomes.flatMap((ofCaller) => ofCaller[index] ?? [])));
  };
  for (const { opened } of await ofEach((store, ref) => store.open(opening(ref, { limits })))) assert.equal(opened, 1);
  const codeFor = (ref: ChallengeRef) => (refs.indexOf(ref) % 2 ? "right" : "wrong");
  const guessed = await ofEach((store, ref) => store.verify(guessing(ref, codeFor(ref), { limits })));
  for (const [index, { approved, mismatch }] of guessed.entries())
    assert.deepEqual([approved, mismatch], index % 2 ? [1, undefined] : [undefined, Math.min(callers.length, 5)]);
}

const accepts = (outcomes: readonly VerifyOutcome[]): number => outcomes.filter(({ status }) => status === "approved").length;
