/** The life of one challenge as an operator may see it: never a code, a hash, what is sealed, or more of a recipient than a mask. */

import { formatChallengeId } from "./challenge-id.ts";
import { type Moment, timelineOf } from "./challenge-timeline.ts";
import type { ChallengeRef, Ledger, LedgerChallenge, LedgerDelivery, TriedProvider } from "./ledger.ts";
import { attemptsRemaining, recipientLocked } from "./ledger-limits.ts";
import type { Channel, LedgerLimits } from "./types.ts";

/** Moments are milliseconds since 1970 by the store's clock. What is absent was not, or is not known. */
export type ChallengeTrace = {
  readonly challengeId: string;
  readonly application: string;
  readonly state: "pending" | "verified" | "expired" | "canceled" | "exhausted";
  /** In place of one that the recipient's record refused, for a browser that may not know that it did: nothing is sent, no code verifies it. */
  readonly decoy: boolean;
  readonly purpose: string;
  /** Unknown where the key that it is sealed under is not configured any more. */
  readonly maskedRecipient?: string;
  readonly now: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly verifiedAt?: number;
  readonly canceledAt?: number;
  /** The kind of authenticator. */
  readonly verifiedBy?: Channel;
  /** Answered with codes of authenticators: nothing is sent. */
  readonly accepts?: readonly Channel[];
  readonly attempts: number;
  readonly attemptsRemaining: number;
  readonly sends: number;
  readonly sendsRemaining: number;
  /** The next message, not before. */
  readonly resendAt: number;
  /** What is tried next without being asked for; `at` only where time decides. */
  readonly fallback?: { readonly channels: readonly Channel[]; readonly at?: number };
  readonly recipient: {
    readonly locked: boolean;
    /** Absent for a lock that only an operator ends. */
    readonly unlocksAt?: number;
    readonly failuresInRow: number;
    /** Wrong codes of any challenge of the recipient that still count, the last ones. */
    readonly failures: readonly number[];
    readonly sends: number;
  };
  readonly deliveries: readonly DeliveryTrace[];
  /** Oldest first. */
  readonly timeline: readonly Moment[];
};

export type DeliveryTrace = {
  readonly deliveryId: string;
  readonly channel: Channel;
  readonly state: LedgerDelivery["state"];
  readonly provider?: string;
  readonly reference?: string;
  readonly failure?: string;
  readonly vendorCode?: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** By state; of messages that were sent before this was kept, none. */
  readonly times: NonNullable<LedgerDelivery["times"]>;
  readonly tried: readonly TriedProvider[];
  /** Nobody has told what came of the send, and nobody is at work on it any more. */
  readonly abandoned: boolean;
  readonly suppressed?: string;
  readonly traceId?: string;
};

export type Traceable = {
  readonly ref: ChallengeRef;
  readonly decoy: boolean;
  /** The record that the challenge is in; of a decoy, one that it has to itself. */
  readonly ledger: Ledger;
  readonly now: number;
  readonly limits: LedgerLimits;
  readonly maskedRecipient?: string;
  /** Where the recipient's own record is another one. */
  readonly ofRecipient?: Ledger | undefined;
};

const maxMoments = 100;

/** Undefined where there is no such challenge, or it is forgotten. */
export function traceChallenge(traceable: Traceable): ChallengeTrace | undefined {
  const { ref, decoy, ledger, now, limits, maskedRecipient, ofRecipient = ledger } = traceable;
  const challenge = ledger.challenges[ref.nonce];
  if (!challenge) return undefined;
  const { purpose, createdAt, expiresAt, verifiedAt, canceledAt, verifiedBy, accepts, attempts, sends, resendAt, fallback } = challenge;
  const state = stateOf(challenge, now, limits);
  const deliveries = Object.entries(challenge.deliveries).map(([id, delivery]) => traceDelivery(id, delivery, now));
  return {
    challengeId: formatChallengeId(ref),
    application: ledger.application,
    state,
    decoy,
    purpose,
    ...(maskedRecipient !== undefined && { maskedRecipient }),
    now,
    createdAt,
    expiresAt,
    ...(verifiedAt !== undefined && { verifiedAt }),
    ...(canceledAt !== undefined && { canceledAt }),
    ...(verifiedBy && { verifiedBy }),
    ...(accepts && { accepts }),
    attempts,
    attemptsRemaining: attemptsRemaining(ofRecipient, challenge, limits, now),
    sends,
    sendsRemaining: accepts ? 0 : Math.max(0, limits.sendsPerChallenge - sends),
    resendAt,
    ...(fallback && { fallback: { channels: fallback.channels, ...(fallback.at !== undefined && { at: fallback.at }) } }),
    recipient: recipientOf(ofRecipient, limits, now),
    deliveries,
    timeline: timelineOf({ challenge, deliveries, failures: ofRecipient.failures, now }),
  };
}

function stateOf({ state, expiresAt, attempts }: LedgerChallenge, now: number, limits: LedgerLimits): ChallengeTrace["state"] {
  if (state !== "open") return state;
  if (now >= expiresAt) return "expired";
  return attempts >= limits.guessesPerChallenge ? "exhausted" : "pending";
}

function recipientOf(ledger: Ledger, limits: LedgerLimits, now: number): ChallengeTrace["recipient"] {
  const locked = recipientLocked(ledger, limits, now);
  return {
    locked: locked !== undefined,
    ...(locked?.retryAfterMs !== undefined && { unlocksAt: now + locked.retryAfterMs }),
    failuresInRow: ledger.failuresInRow,
    failures: ledger.failures.slice(-maxMoments),
    sends: ledger.sends.length,
  };
}

function traceDelivery(deliveryId: string, delivery: LedgerDelivery, now: number): DeliveryTrace {
  const { channel, state, provider, reference, failure, vendorCode, createdAt, updatedAt, times, tried, suppressed, trace } = delivery;
  const [, traceId] = trace?.split("-") ?? [];
  return {
    deliveryId,
    channel,
    state,
    ...(provider && { provider }),
    ...(reference !== undefined && { reference }),
    ...(failure !== undefined && { failure }),
    ...(vendorCode !== undefined && { vendorCode }),
    createdAt,
    updatedAt,
    times: times ?? {},
    tried: tried ?? [],
    abandoned: state === "sending" && now >= delivery.leaseUntil,
    ...(suppressed !== undefined && { suppressed }),
    ...(traceId !== undefined && { traceId }),
  };
}
