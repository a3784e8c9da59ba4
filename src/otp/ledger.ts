/**
 * The ledger: what is remembered of one recipient of one application, what can be asked of it, and what it answers. What one
 * guess may change lives in one record, so that one guess is one write. The rules are in `ledger-rules.ts`.
 */
import type { AuthenticatorKind, Claim, LedgerAuthenticator } from "./authenticator.ts";
import type { DeliveryFailure } from "./ports.ts";
import type { Channel, LedgerLimits } from "./types.ts";

export type Ledger = {
  readonly application: string;
  /** Moments of messages and of wrong guesses, ascending, no older than the longest window. */
  sends: number[];
  failures: number[];
  failuresInRow: number;
  challenges: Record<string, LedgerChallenge>;
  /** Of a subject's ledger, by id. */
  authenticators?: Record<string, LedgerAuthenticator>;
};

export type LedgerChallenge = {
  state: "open" | "verified" | "canceled";
  purpose: string;
  codeLength: number;
  createdAt: number;
  expiresAt: number;
  resendAt: number;
  verifiedAt?: number;
  canceledAt?: number;
  /** By what it was verified, where that is not the channel of its last message. */
  verifiedBy?: AuthenticatorKind;
  /** Answered with codes of the subject's own authenticators of these kinds; nothing is sent. */
  accepts?: readonly AuthenticatorKind[];
  /** Of a challenge without messages: of the request that opened it. */
  idempotency?: Idempotency;
  /** The ledger of the subject that the recipient belongs to: a guess here is one of the subject's too. */
  subject?: string;
  /** What is tried next by itself; none when the caller has taken over, or nothing is left to try. */
  fallback?: LedgerFallback;
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

/** The channels that are left, most wanted first. */
export type LedgerFallback = {
  channels: Channel[];
  /** The wait for each channel, and when it ends for the present one; absent where only a refusal by every provider counts. */
  afterMs?: number;
  at?: number;
};

export type LedgerDelivery = {
  channel: Channel;
  state: (typeof deliveryStates)[number];
  provider?: string;
  reference?: string;
  failure?: DeliveryFailure;
  createdAt: number;
  updatedAt: number;
  /** Until then whoever took the send is believed to be at work; a `sending` past it reads as `unknown`. */
  leaseUntil: number;
  /** Keyed digests of the idempotency key, and of what was asked for under it. */
  idempotency?: Idempotency;
  /** When it came to each state; not of messages that were sent before this was kept, as is all below. */
  times?: { [State in RecordDelivery["state"]]?: number };
  /** The vendor's own code of the failure, at most `maxVendorCode` characters. */
  vendorCode?: string;
  /** Who was asked before the provider and definitely did not take it, the last `maxTried` of them. */
  tried?: readonly TriedProvider[];
  /** Why nothing was sent, where the caller may not know. */
  suppressed?: string;
  /** The trace of its send (a W3C traceparent), where one was made. */
  trace?: string;
};

export type TriedProvider = {
  readonly provider: string;
  readonly failure: DeliveryFailure;
  readonly vendorCode?: string;
  readonly durationMs: number;
};

export type Idempotency = { readonly key: string; readonly content: string };
export type LedgerAnswer = { content: string; verdict: "approved" | "mismatch" | "binding_mismatch"; attemptsRemaining: number };

/** How certain it is what became of a message. A state gives way only to those behind it, in whatever order they are reported. */
export const deliveryStates = ["sending", "unknown", "accepted", "delivered", "failed"] as const;

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
  readonly trace?: string;
};

type NewChallenge = ChallengeRef & {
  readonly purpose: string;
  readonly context: string;
  readonly lifetimeMs: number;
  readonly limits: LedgerLimits;
};

export type OpenChallenge = NewChallenge & {
  readonly message: NewMessage;
  readonly subject?: string;
  readonly fallback?: Pick<LedgerFallback, "channels" | "afterMs">;
};

/** A challenge that is answered with codes of the subject's authenticators; nothing is sent. */
export type OpenUnsent = NewChallenge & {
  readonly accepts: readonly AuthenticatorKind[];
  readonly sealed: string;
  readonly idempotency?: Idempotency;
  /** A subject without any such authenticator gets a challenge that never verifies, which looks like every other. */
  readonly hideAbsence: boolean;
};

export type ResendChallenge = ChallengeRef & {
  readonly message: NewMessage;
  readonly keepPrevious: boolean;
  /**
   * Takes the place of the message of this id by itself: only while that is the last one and its time is up, so that however many
   * try, one does. Without it the caller asks, who thereby takes over from the fallback.
   */
  readonly insteadOf?: string;
  readonly limits: LedgerLimits;
};

export type VerifyChallenge = ChallengeRef & {
  readonly context: string;
  /** The submitted code hashed under every live key. */
  readonly hashes: readonly string[];
  /** Keyed digests of the request id, and of what was asked under it. */
  readonly request?: { readonly id: string; readonly content: string };
  /** Where authenticators answer: what the code is right for, or null for nothing. */
  readonly claim?: Claim | null;
  /** The guess was charged to the subject's ledger before. */
  readonly subjectCharged?: boolean;
  /**
   * That the recipient is locked must not show: the guess costs the challenge as any other, and is compared with nothing and charged to
   * nobody. What is left is told by the challenge alone.
   */
  readonly hidesLock?: boolean;
  readonly limits: LedgerLimits;
};

/** Names a ledger: that of a subject to which a guess elsewhere is charged too. */
export type ChargeSubject = { readonly ledger: string; readonly application: string; readonly limits: LedgerLimits };
export type ChargeOutcome = { readonly status: "charged" } | Extract<Limited, { status: "exhausted" }>;

export type RecordDelivery = ChallengeRef & {
  readonly deliveryId: string;
  readonly state: Exclude<LedgerDelivery["state"], "sending">;
  readonly provider: string;
  readonly reference?: string;
  readonly failure?: DeliveryFailure;
} & Pick<LedgerDelivery, "vendorCode" | "tried" | "suppressed">;

/** A challenge as read at one moment. */
export type ChallengeView = {
  readonly nonce: string;
  readonly now: number;
  readonly challenge: LedgerChallenge;
  readonly failures: readonly number[];
  readonly failuresInRow: number;
  /** Where authenticators answer: those that could, by id. */
  readonly authenticators?: Readonly<Record<string, LedgerAuthenticator>>;
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
export type OpenUnsentOutcome =
  | { readonly status: "opened" | "replayed"; readonly view: ChallengeView }
  | { readonly status: "no_authenticator" }
  | { readonly status: "key_reused" }
  | Extract<Limited, { status: "exhausted" }>;
export type ResendOutcome =
  | { readonly status: "opened"; readonly view: ChallengeView }
  | { readonly status: "cooldown"; readonly retryAfterMs: number }
  /** Another message came before this fallback, or its time is not up: there is nothing to do. */
  | { readonly status: "not_due" }
  | Limited
  | Repeated
  | Over;
export type VerifyOutcome =
  | { readonly status: "approved"; readonly view: ChallengeView }
  | { readonly status: "mismatch" | "binding_mismatch"; readonly attemptsRemaining: number; readonly view: ChallengeView }
  | { readonly status: "request_reused" }
  /** There is budget for a guess; nothing was compared or charged, because the claim, or the charge of the subject, was missing. */
  | { readonly status: "unprepared"; readonly view: ChallengeView }
  | Extract<Limited, { status: "exhausted" }>
  | Over;
export type CancelOutcome =
  | { readonly status: "canceled_now"; readonly view: ChallengeView }
  | { readonly status: "not_found" | "expired" | "used" };

/** How long a challenge that is over is still remembered, for late retries and clear answers. */
export const rememberMs = 3_600_000;
/** What a record keeps of a vendor's words, and of providers that failed before the one that counts. */
export const maxVendorCode = 64;
export const maxTried = 8;
/** A longer one is not kept: a vendor does not decide how large a record grows. */
export const maxReference = 256;
/** Challenges one record remembers at once, whatever the limits are set to: bounds the record. */
export const maxChallenges = 32;
/** How long failures without a success count towards the lock in a row. */
export const forgetFailuresMs = 365 * 86_400_000;
