/**
 * The ledger: what is remembered of one recipient of one application. What one guess may change lives in one record, so that
 * one guess is one write. These functions are the rules, free of any store: a store that can run them inside a
 * transaction does (SQLite), another states them in its own language (MongoDB), and one contract suite holds both to them.
 * They change the ledger they are given. `now` is the store's clock, in milliseconds since 1970.
 */
import type { DeliveryFailure } from "./ports.ts";
import type { Channel, LedgerLimits, Window } from "./types.ts";

export type Ledger = {
  readonly application: string;
  /** Moments of messages and of wrong guesses, ascending, no older than the longest window. */
  sends: number[];
  failures: number[];
  failuresInRow: number;
  challenges: Record<string, LedgerChallenge>;
};

export type LedgerChallenge = {
  state: "open" | "verified" | "canceled";
  purpose: string;
  codeLength: number;
  createdAt: number;
  expiresAt: number;
  resendAt: number;
  verifiedAt?: number;
  /** Keyed digest of purpose and binding. */
  context: string;
  /** Keyed hashes of the codes that verify: the last one, and those before where the application keeps them. */
  codes: string[];
  attempts: number;
  sends: number;
  /** Recipient, binding and wording, encrypted under a key that the database does not have. */
  sealed: string;
  /** By delivery id, oldest first. */
  deliveries: Record<string, LedgerDelivery>;
  /** By keyed digest of the request id: the answer that was given. */
  answers: Record<string, LedgerAnswer>;
  /** Times a known request id came with other content: each could be a guess at what its answer was for. */
  reuses: number;
};

export type LedgerDelivery = {
  channel: Channel;
  state: "sending" | "accepted" | "delivered" | "failed" | "unknown";
  provider?: string;
  reference?: string;
  failure?: DeliveryFailure;
  createdAt: number;
  updatedAt: number;
  /** Until then whoever took the send is believed to be at work; a `sending` past it reads as `unknown`. */
  leaseUntil: number;
  /** Keyed digests of the idempotency key, and of what was asked for under it. */
  idempotency?: Idempotency;
};

export type Idempotency = { readonly key: string; readonly content: string };
export type LedgerAnswer = { content: string; verdict: "approved" | "mismatch" | "binding_mismatch"; attemptsRemaining: number };

/** Names one challenge: the ledger it lives in, its nonce there, and the application that may see it. */
export type ChallengeRef = { readonly ledger: string; readonly nonce: string; readonly application: string };

export type NewMessage = {
  readonly deliveryId: string;
  readonly channel: Channel;
  readonly codeHash: string;
  readonly codeLength: number;
  readonly sealed: string;
  readonly idempotency?: Idempotency;
  /** How long the send is locked for whoever took it: the caller's deadline and a little more. */
  readonly leaseMs: number;
};

export type OpenChallenge = ChallengeRef & {
  readonly message: NewMessage;
  readonly purpose: string;
  readonly context: string;
  readonly lifetimeMs: number;
  readonly limits: LedgerLimits;
};

export type ResendChallenge = ChallengeRef & {
  readonly message: NewMessage;
  readonly keepPrevious: boolean;
  readonly limits: LedgerLimits;
};

export type VerifyChallenge = ChallengeRef & {
  readonly context: string;
  /** The submitted code hashed under every live key. */
  readonly hashes: readonly string[];
  /** Keyed digests of the request id, and of what was asked under it. */
  readonly request?: { readonly id: string; readonly content: string };
  readonly limits: LedgerLimits;
};

export type RecordDelivery = ChallengeRef & {
  readonly deliveryId: string;
  readonly state: "accepted" | "failed" | "unknown";
  readonly provider: string;
  readonly reference?: string;
  readonly failure?: DeliveryFailure;
};

/** A challenge as read at one moment. */
export type ChallengeView = {
  readonly nonce: string;
  readonly now: number;
  readonly challenge: LedgerChallenge;
  readonly failures: readonly number[];
  readonly failuresInRow: number;
};

type Limited =
  /** Guesses spent; of the recipient without `retryAfterMs`: until an operator forgives them. */
  | { readonly status: "exhausted"; readonly scope: "challenge" | "recipient"; readonly retryAfterMs?: number }
  | { readonly status: "rate_limited"; readonly scope: "challenge" | "recipient"; readonly retryAfterMs: number };
type Repeated =
  /** The idempotency key met its own message, which was sent before. */
  | { readonly status: "replayed"; readonly view: ChallengeView }
  | { readonly status: "in_progress"; readonly retryAfterMs: number }
  | { readonly status: "key_reused" };
type Over = { readonly status: "not_found" | "expired" | "used" | "canceled" };

/** `opened`: the lock on the send is the caller's, who must call the provider and record what came of it. */
export type OpenOutcome = { readonly status: "opened"; readonly view: ChallengeView } | Limited | Repeated;
export type ResendOutcome =
  | { readonly status: "opened"; readonly view: ChallengeView }
  | { readonly status: "cooldown"; readonly retryAfterMs: number }
  | Limited
  | Repeated
  | Over;
export type VerifyOutcome =
  | { readonly status: "approved"; readonly view: ChallengeView }
  | { readonly status: "mismatch" | "binding_mismatch"; readonly attemptsRemaining: number; readonly view: ChallengeView }
  | { readonly status: "request_reused" }
  | Extract<Limited, { status: "exhausted" }>
  | Over;
export type CancelOutcome =
  | { readonly status: "canceled_now"; readonly view: ChallengeView }
  | { readonly status: "not_found" | "expired" | "used" };

/** How long a challenge that is over is still remembered, for late retries and clear answers. */
export const rememberMs = 3_600_000;
/** Challenges one record remembers at once, whatever the limits are set to: bounds the record. */
export const maxChallenges = 32;
/** How long failures without a success count towards the lock in a row. */
export const forgetFailuresMs = 365 * 86_400_000;

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
  const challenge = ledger.challenges[ref.nonce];
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
  return ledger.challenges[ref.nonce] && view(ledger, ref.nonce, now);
}

/** Guesses left: the least of what the challenge, the windows and the row have left. */
export function attemptsRemaining(
  of: Pick<Ledger, "failures" | "failuresInRow">,
  challenge: LedgerChallenge,
  limits: LedgerLimits,
  now: number,
): number {
  const left = limits.failureWindows.map(({ windowMs, max }) => max - of.failures.filter((at) => at > now - windowMs).length);
  return Math.max(0, Math.min(limits.guessesPerChallenge - challenge.attempts, limits.failuresInRow - of.failuresInRow, ...left));
}

/** When the store may drop the whole ledger: when nothing in it can matter any more. */
export function purgeAt(ledger: Ledger, limits: LedgerLimits, now: number): number {
  const lastWindow = Math.max(...limits.sendWindows.map((w) => w.windowMs), ...limits.failureWindows.map((w) => w.windowMs));
  const lastChallenge = Math.max(now, ...Object.values(ledger.challenges).map((challenge) => challenge.expiresAt));
  return Math.max(now + lastWindow, lastChallenge + rememberMs, ledger.failuresInRow > 0 ? now + forgetFailuresMs : 0);
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

function recipientLocked(ledger: Ledger, limits: LedgerLimits, now: number): Extract<Limited, { status: "exhausted" }> | undefined {
  if (ledger.failuresInRow >= limits.failuresInRow) return { status: "exhausted", scope: "recipient" };
  const wait = windowsWait(ledger.failures, limits.failureWindows, now);
  return wait > 0 ? { status: "exhausted", scope: "recipient", retryAfterMs: wait } : undefined;
}

/** How long until every window has room for one more; 0 when it has now. */
function windowsWait(moments: readonly number[], windows: readonly Window[], now: number): number {
  const waits = windows.map(({ windowMs, max }) => {
    const inside = moments.filter((at) => at > now - windowMs);
    const leaves = inside[inside.length - max];
    return leaves === undefined ? 0 : leaves + windowMs - now;
  });
  return Math.max(0, ...waits);
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

/** Drops what no rule asks about any more. */
function forget(ledger: Ledger, limits: LedgerLimits, now: number): void {
  ledger.sends = since(ledger.sends, limits.sendWindows, now);
  ledger.failures = since(ledger.failures, limits.failureWindows, now);
  for (const [nonce, challenge] of Object.entries(ledger.challenges)) {
    if (challenge.expiresAt + rememberMs <= now) delete ledger.challenges[nonce];
  }
}

function since(moments: readonly number[], windows: readonly Window[], now: number): number[] {
  const longest = Math.max(0, ...windows.map((w) => w.windowMs));
  return moments.filter((at) => at > now - longest);
}

/** How long until a full record forgets a challenge; 0 when there is room. */
function roomWait(ledger: Ledger, now: number): number {
  const ends = Object.values(ledger.challenges).map((challenge) => challenge.expiresAt + rememberMs);
  return ends.length < maxChallenges ? 0 : Math.min(...ends) - now;
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
