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
  NewMessage,
  OpenChallenge,
  OpenOutcome,
  RecordDelivery,
  Repeated,
  ResendChallenge,
  ResendOutcome,
  VerifyChallenge,
  VerifyOutcome,
} from "./ledger.ts";
import { attemptsRemaining, forget, recipientLocked, remembered, roomWait, windowsWait } from "./ledger-limits.ts";
import type { LedgerLimits } from "./types.ts";

export const emptyLedger = (application: string): Ledger => ({ application, sends: [], failures: [], failuresInRow: 0, challenges: {} });

export function openChallenge(ledger: Ledger, request: OpenChallenge, now: number): OpenOutcome {
  const { nonce, message, limits } = request;
  forget(ledger, limits, now);
  // 1. A retry meets its own challenge before any limit: it costs nothing that was not paid for already.
  const known = ledger.challenges[nonce];
  const repeated = known && (repeatedMessage(known, nonce, ledger, message, now) ?? takeoverRefused(known, nonce, ledger, limits, now));
  if (repeated) return repeated;
  // 2. A locked recipient is sent nothing.
  const locked = recipientLocked(ledger, limits, now);
  if (locked) return locked;
  // 3. Messages per recipient, over every window; and a bound on the record.
  const wait = known
    ? windowsWait(ledger.sends, limits.sendWindows, now)
    : Math.max(windowsWait(ledger.sends, limits.sendWindows, now), roomWait(ledger, now));
  if (wait > 0) return { status: "rate_limited", scope: "recipient", retryAfterMs: wait };
  // 4. Open it; or take over the send that failed or whose sender fell silent, with a fresh code.
  const challenge = known ?? newChallenge(request, now);
  ledger.challenges[nonce] = challenge;
  addMessage(ledger, challenge, message, false, limits, now);
  return { status: "opened", view: view(ledger, nonce, now) };
}

export function resendChallenge(ledger: Ledger, request: ResendChallenge, now: number): ResendOutcome {
  const { nonce, message, limits } = request;
  forget(ledger, limits, now);
  const challenge = ledger.challenges[nonce];
  if (!challenge) return { status: "not_found" };
  const repeated = repeatedMessage(challenge, nonce, ledger, message, now);
  if (repeated) return repeated;
  const ended = over(challenge, now);
  if (ended) return ended;
  // Guesses are never refunded: a challenge without any has no use for another code.
  if (challenge.attempts >= limits.guessesPerChallenge) return { status: "exhausted", scope: "challenge" };
  const locked = recipientLocked(ledger, limits, now);
  if (locked) return locked;
  if (challenge.sends >= limits.sendsPerChallenge)
    return { status: "rate_limited", scope: "challenge", retryAfterMs: challenge.expiresAt - now };
  if (now < challenge.resendAt) return { status: "cooldown", retryAfterMs: challenge.resendAt - now };
  const wait = windowsWait(ledger.sends, limits.sendWindows, now);
  if (wait > 0) return { status: "rate_limited", scope: "recipient", retryAfterMs: wait };
  addMessage(ledger, challenge, message, request.keepPrevious, limits, now);
  return { status: "opened", view: view(ledger, nonce, now) };
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
  if (locked) return locked;
  // 4. Charge, compare, consume.
  const verdict = compare(challenge, request);
  challenge.attempts += 1;
  if (verdict === "approved") {
    Object.assign(challenge, { state: "verified", verifiedAt: now });
    Object.assign(ledger, { failures: [], failuresInRow: 0 });
  } else {
    ledger.failures.push(now);
    ledger.failuresInRow += 1;
  }
  const answer = { verdict, attemptsRemaining: attemptsRemaining(ledger, challenge, limits, now) };
  if (request.request) challenge.answers[request.request.id] = { ...answer, content: request.request.content };
  return giveAnswer(answer, view(ledger, nonce, now));
}

export function cancelChallenge(ledger: Ledger, ref: ChallengeRef, now: number): CancelOutcome {
  const challenge = remembered(ledger, ref.nonce, now);
  if (!challenge) return { status: "not_found" };
  const ended = over(challenge, now);
  if (ended && ended.status !== "canceled") return { status: ended.status };
  challenge.state = "canceled";
  return { status: "canceled_now", view: view(ledger, ref.nonce, now) };
}

export function recordDelivery(ledger: Ledger, request: RecordDelivery, now: number): void {
  const delivery = ledger.challenges[request.nonce]?.deliveries[request.deliveryId];
  if (!delivery) return;
  const { state, provider, reference, failure } = request;
  Object.assign(delivery, { state, provider, reference, failure, updatedAt: now });
}

export function readChallenge(ledger: Ledger, ref: ChallengeRef, now: number): ChallengeView | undefined {
  return remembered(ledger, ref.nonce, now) && view(ledger, ref.nonce, now);
}

function repeatedMessage(
  challenge: LedgerChallenge,
  nonce: string,
  ledger: Ledger,
  message: NewMessage,
  now: number,
): Repeated | undefined {
  const { idempotency } = message;
  if (!idempotency) return undefined;
  const before = Object.values(challenge.deliveries).findLast((delivery) => delivery.idempotency?.key === idempotency.key);
  if (!before) return undefined;
  if (before.idempotency?.content !== idempotency.content) return { status: "key_reused" };
  if (before.state === "sending" && now < before.leaseUntil) return { status: "in_progress", retryAfterMs: before.leaseUntil - now };
  // Failed or silent: whoever asks again takes the send over.
  if (before.state === "sending" || before.state === "failed") return undefined;
  return { status: "replayed", view: view(ledger, nonce, now) };
}

/** A send is taken over only while its challenge can still use a code. */
function takeoverRefused(
  challenge: LedgerChallenge,
  nonce: string,
  ledger: Ledger,
  limits: LedgerLimits,
  now: number,
): Limited | Repeated | undefined {
  if (over(challenge, now)) return { status: "replayed", view: view(ledger, nonce, now) };
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
  if (answer.content === asked.content) return giveAnswer(answer, view(ledger, nonce, now));
  challenge.reuses += 1;
  return { status: "request_reused" };
}

/** Another context is refused before the code is looked at, so that it tells nothing of it. */
function compare(challenge: LedgerChallenge, request: VerifyChallenge): LedgerAnswer["verdict"] {
  if (challenge.context !== request.context) return "binding_mismatch";
  return challenge.codes.some((hash) => request.hashes.includes(hash)) ? "approved" : "mismatch";
}

function over(challenge: LedgerChallenge, now: number): { status: "used" | "canceled" | "expired" } | undefined {
  if (challenge.state === "verified") return { status: "used" };
  if (challenge.state === "canceled") return { status: "canceled" };
  if (now >= challenge.expiresAt) return { status: "expired" };
  return undefined;
}

const newChallenge = (request: OpenChallenge, now: number): LedgerChallenge => ({
  state: "open",
  purpose: request.purpose,
  codeLength: request.message.codeLength,
  createdAt: now,
  expiresAt: now + request.lifetimeMs,
  resendAt: now,
  context: request.context,
  codes: [],
  attempts: 0,
  sends: 0,
  sealed: request.message.sealed,
  deliveries: {},
  answers: {},
  reuses: 0,
});

function addMessage(
  ledger: Ledger,
  challenge: LedgerChallenge,
  message: NewMessage,
  keepPrevious: boolean,
  limits: LedgerLimits,
  now: number,
): void {
  ledger.sends.push(now);
  challenge.codes = keepPrevious ? [...challenge.codes, message.codeHash] : [message.codeHash];
  challenge.codeLength = message.codeLength;
  challenge.sealed = message.sealed;
  challenge.sends += 1;
  challenge.resendAt = now + (limits.cooldownsMs[Math.min(challenge.sends, limits.cooldownsMs.length) - 1] ?? 0);
  challenge.deliveries[message.deliveryId] = {
    channel: message.channel,
    state: "sending",
    createdAt: now,
    updatedAt: now,
    leaseUntil: now + message.leaseMs,
    ...(message.idempotency && { idempotency: message.idempotency }),
  };
}

function giveAnswer(answer: Omit<LedgerAnswer, "content">, at: ChallengeView): VerifyOutcome {
  if (answer.verdict === "approved") return { status: "approved", view: at };
  return { status: answer.verdict, attemptsRemaining: answer.attemptsRemaining, view: at };
}

/** Shares the ledger's objects: to be handed out before the next rule runs on it. */
const view = (ledger: Ledger, nonce: string, now: number): ChallengeView => ({
  nonce,
  now,
  challenge: ledger.challenges[nonce] as LedgerChallenge,
  failures: ledger.failures,
  failuresInRow: ledger.failuresInRow,
});
