/**
 * The rules of the ledger, free of any store: a store that can run them inside a transaction does (SQLite), another states
 * them in its own language (MongoDB), and one contract suite holds both to them. They change the ledger they are given. `now`
 * is the store's clock, in milliseconds since 1970.
 */
import type {
  CancelOutcome,
  ChallengeRef,
  ChallengeView,
  Ledger,
  LedgerAnswer,
  LedgerChallenge,
  Limited,
  OpenChallenge,
  OpenOutcome,
  Repeated,
  ResendChallenge,
  ResendOutcome,
  VerifyChallenge,
  VerifyOutcome,
} from "./ledger.ts";
import { answering, spendClaim } from "./ledger-authenticators.ts";
import { newChallenge, viewOf } from "./ledger-challenge.ts";
import { attemptsRemaining, forget, ofChallengeAlone, recipientLocked, remembered, roomWait, windowsWait } from "./ledger-limits.ts";
import { addMessage, isFallbackDue, nextFallback, repeatedMessage } from "./ledger-messages.ts";
import type { LedgerLimits } from "./types.ts";

export const emptyLedger = (application: string): Ledger => ({ application, sends: [], failures: [], failuresInRow: 0, challenges: {} });

export function openChallenge(ledger: Ledger, request: OpenChallenge, now: number): OpenOutcome {
  const { nonce, message, limits, fallback } = request;
  forget(ledger, limits, now);
  // 1. A retry meets its own challenge before any limit: it costs nothing that was not paid for already.
  const known = ledger.challenges[nonce];
  const repeated =
    known && (repeatedMessage(known, message, viewOf(ledger, nonce, now)) ?? takeoverRefused(known, nonce, ledger, limits, now));
  if (repeated) return repeated;
  // 2. A locked recipient is sent nothing.
  const locked = recipientLocked(ledger, limits, now);
  if (locked) return locked;
  // 3. Messages per recipient, over every window; and a bound on the record.
  const wait = Math.max(windowsWait(ledger.sends, limits.sendWindows, now), known ? 0 : roomWait(ledger, now));
  if (wait > 0) return { status: "rate_limited", scope: "recipient", retryAfterMs: wait };
  // 4. Open it; or take over the send that failed or whose sender fell silent, with a fresh code.
  const { codeLength, sealed } = message;
  const challenge = known ?? newChallenge({ ...request, codeLength, sealed }, now);
  ledger.challenges[nonce] = challenge;
  addMessage(ledger, challenge, { message, limits }, now);
  setFallback(challenge, fallback && nextFallback(fallback, message.channel, now));
  return { status: "opened", view: viewOf(ledger, nonce, now) };
}

export function resendChallenge(ledger: Ledger, request: ResendChallenge, now: number): ResendOutcome {
  const { nonce, message, limits, insteadOf } = request;
  forget(ledger, limits, now);
  const challenge = ledger.challenges[nonce];
  if (!challenge || challenge.accepts) return { status: "not_found" };
  const repeated = repeatedMessage(challenge, message, viewOf(ledger, nonce, now));
  if (repeated) return repeated;
  const ended = over(challenge, now);
  if (ended) return ended;
  if (insteadOf !== undefined && !isFallbackDue(challenge, insteadOf, now)) return { status: "not_due" };
  // Guesses are never refunded: a challenge without any has no use for another code.
  if (challenge.attempts >= limits.guessesPerChallenge) return { status: "exhausted", scope: "challenge" };
  const locked = recipientLocked(ledger, limits, now);
  if (locked) return locked;
  if (challenge.sends >= limits.sendsPerChallenge)
    return { status: "rate_limited", scope: "challenge", retryAfterMs: challenge.expiresAt - now };
  if (insteadOf === undefined && now < challenge.resendAt) return { status: "cooldown", retryAfterMs: challenge.resendAt - now };
  const wait = windowsWait(ledger.sends, limits.sendWindows, now);
  if (wait > 0) return { status: "rate_limited", scope: "recipient", retryAfterMs: wait };
  addMessage(ledger, challenge, request, now);
  const { fallback } = challenge;
  setFallback(challenge, insteadOf !== undefined && fallback ? nextFallback(fallback, message.channel, now) : undefined);
  return { status: "opened", view: viewOf(ledger, nonce, now) };
}

/** Gives up what was to be tried next. False when there was nothing. */
export function endFallback(ledger: Ledger, { nonce }: ChallengeRef): boolean {
  const challenge = ledger.challenges[nonce];
  if (!challenge?.fallback) return false;
  setFallback(challenge, undefined);
  return true;
}

export function verifyChallenge(ledger: Ledger, request: VerifyChallenge, now: number): VerifyOutcome {
  const { nonce, limits } = request;
  forget(ledger, limits, now);
  const challenge = ledger.challenges[nonce];
  if (!challenge) return { status: "not_found" };
  // 1. A retry after a lost answer gets that answer.
  const answered = request.request && answeredBefore(ledger, challenge, request.request, request, now);
  if (answered) return answered;
  // 2. What is over is compared with nothing, and costs nothing.
  const ended = over(challenge, now);
  if (ended) return ended;
  // 3. No guess beyond the budget of the challenge or of the recipient.
  if (challenge.attempts >= limits.guessesPerChallenge) return { status: "exhausted", scope: "challenge" };
  const locked = recipientLocked(ledger, limits, now);
  if (locked && !request.hidesLock) return locked;
  // 4. What costs more than a look is made ready only for a guess that there is budget for.
  if (isUnprepared(challenge, request, locked !== undefined))
    return { status: "unprepared", view: { ...viewOf(ledger, nonce, now), authenticators: answering(ledger, challenge) } };
  // 5. Charge, compare, consume.
  const verdict = compare(ledger, challenge, locked ? { ...request, hashes: [], claim: null } : request, now);
  challenge.attempts += 1;
  if (verdict === "approved") {
    Object.assign(challenge, { state: "verified", verifiedAt: now });
    Object.assign(ledger, { failures: [], failuresInRow: 0 });
  } else if (!locked) {
    ledger.failures.push(now);
    ledger.failuresInRow += 1;
  }
  const told = request.hidesLock ? ofChallengeAlone(limits) : limits;
  const answer = { verdict, attemptsRemaining: attemptsRemaining(ledger, challenge, told, now) };
  if (request.request) challenge.answers[request.request.id] = { ...answer, content: request.request.content };
  return giveAnswer(answer, viewOf(ledger, nonce, now));
}

export function cancelChallenge(ledger: Ledger, ref: ChallengeRef, now: number): CancelOutcome {
  const challenge = remembered(ledger, ref.nonce, now);
  if (!challenge) return { status: "not_found" };
  const ended = over(challenge, now);
  if (ended && ended.status !== "canceled") return { status: ended.status };
  if (challenge.state === "open") challenge.canceledAt = now;
  challenge.state = "canceled";
  return { status: "canceled_now", view: viewOf(ledger, ref.nonce, now) };
}

export function readChallenge(ledger: Ledger, ref: ChallengeRef, now: number): ChallengeView | undefined {
  return remembered(ledger, ref.nonce, now) && viewOf(ledger, ref.nonce, now);
}

/** A send is taken over only while its challenge can still use a code. */
function takeoverRefused(
  challenge: LedgerChallenge,
  nonce: string,
  ledger: Ledger,
  limits: LedgerLimits,
  now: number,
): Limited | Repeated | undefined {
  if (over(challenge, now)) return { status: "replayed", view: viewOf(ledger, nonce, now) };
  if (challenge.attempts >= limits.guessesPerChallenge) return { status: "exhausted", scope: "challenge" };
  if (challenge.sends >= limits.sendsPerChallenge)
    return { status: "rate_limited", scope: "challenge", retryAfterMs: challenge.expiresAt - now };
  return undefined;
}

/**
 * The id with other content is charged apart: on a used challenge it would otherwise be an unlimited oracle for the code that
 * was accepted.
 */
function answeredBefore(
  ledger: Ledger,
  challenge: LedgerChallenge,
  asked: { readonly id: string; readonly content: string },
  { nonce, limits }: VerifyChallenge,
  now: number,
): VerifyOutcome | undefined {
  const answer = challenge.answers[asked.id];
  if (!answer) return undefined;
  if (challenge.reuses >= limits.guessesPerChallenge) return { status: "exhausted", scope: "challenge" };
  if (answer.content === asked.content) return giveAnswer(answer, viewOf(ledger, nonce, now));
  challenge.reuses += 1;
  return { status: "request_reused" };
}

/** What is compared with nothing is charged to nobody, and so to no subject. */
const isUnprepared = ({ accepts, subject }: LedgerChallenge, { claim, subjectCharged }: VerifyChallenge, isLocked: boolean): boolean =>
  (accepts !== undefined && claim === undefined) || (subject !== undefined && !subjectCharged && !isLocked);

/** Another context is refused before the code is looked at, so that it tells nothing of it. */
function compare(ledger: Ledger, challenge: LedgerChallenge, request: VerifyChallenge, now: number): LedgerAnswer["verdict"] {
  if (challenge.context !== request.context) return "binding_mismatch";
  if (!challenge.accepts) return challenge.codes.some((hash) => request.hashes.includes(hash)) ? "approved" : "mismatch";
  challenge.verifiedBy = spendClaim(ledger, challenge, request.claim, now);
  return challenge.verifiedBy ? "approved" : "mismatch";
}

function over(challenge: LedgerChallenge, now: number): { readonly status: "used" | "canceled" | "expired" } | undefined {
  if (challenge.state === "verified") return { status: "used" };
  if (challenge.state === "canceled") return { status: "canceled" };
  if (now >= challenge.expiresAt) return { status: "expired" };
  return undefined;
}

function setFallback(challenge: LedgerChallenge, fallback: LedgerChallenge["fallback"]): void {
  if (fallback) challenge.fallback = fallback;
  else delete challenge.fallback;
}

function giveAnswer(answer: Omit<LedgerAnswer, "content">, at: ChallengeView): VerifyOutcome {
  if (answer.verdict === "approved") return { status: "approved", view: at };
  return { status: answer.verdict, attemptsRemaining: answer.attemptsRemaining, view: at };
}
