/**
 * The ledger: what is remembered of one recipient of one application, what can be asked of it, and what it answers. What one
 * guess may change lives in one record, so that one guess is one write. The rules are in `ledger-rules.ts`.
 */
import type { DeliveryFailure } from "./ports.ts";
import type { Channel, LedgerLimits } from "./types.ts";

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

export type Limited =
  /** Guesses spent; of the recipient without `retryAfterMs`: until an operator forgives them. */
  | { readonly status: "exhausted"; readonly scope: "challenge" | "recipient"; readonly retryAfterMs?: number }
  | { readonly status: "rate_limited"; readonly scope: "challenge" | "recipient"; readonly retryAfterMs: number };
export type Repeated =
  /** The idempotency key met its own message, which was sent before. */
  | { readonly status: "replayed"; readonly view: ChallengeView }
  | { readonly status: "in_progress"; readonly retryAfterMs: number }
  | { readonly status: "key_reused" };
export type Over = { readonly status: "not_found" | "expired" | "used" | "canceled" };

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
