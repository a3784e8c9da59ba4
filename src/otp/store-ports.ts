/** The seams to what is remembered. */

import type { AuthenticatorStore, SealedSecretStore } from "./authenticator-ports.ts";
import type {
  CancelOutcome,
  ChallengeRef,
  ChallengeView,
  ChargeOutcome,
  ChargeSubject,
  Ledger,
  OpenChallenge,
  OpenOutcome,
  OpenUnsent,
  OpenUnsentOutcome,
  RecordDelivery,
  ResendChallenge,
  ResendOutcome,
  VerifyChallenge,
  VerifyOutcome,
} from "./ledger.ts";
import type { GiveBack, LimitTake, TakeOutcome } from "./limit-counter.ts";
import type { MessageName } from "./receipt.ts";
import type { Redemption, RedemptionOutcome } from "./redemption.ts";
import type { Block, BlockRequest, Traffic, TrafficAdd } from "./traffic.ts";

/**
 * What is remembered. Each verb is one atomic operation by the store's own clock: there is no `get` that a decision could
 * be based on. Rejects with `StoreUnavailable`, quickly, when the store does not answer. Specified by the rules in
 * `otp/ledger-rules.ts` and `test/store/contract.ts`.
 */
export interface LedgerStore {
  /** Opens a challenge, decides the recipient's limits and the idempotency key, and takes the lock on the send. */
  open(request: OpenChallenge): Promise<OpenOutcome>;
  /** Opens a challenge that the subject's own authenticators answer. */
  openUnsent(request: OpenUnsent): Promise<OpenUnsentOutcome>;
  /** Replaces the code of an open challenge. */
  resend(request: ResendChallenge): Promise<ResendOutcome>;
  /** Charges the attempt, compares, and consumes. */
  verify(request: VerifyChallenge): Promise<VerifyOutcome>;
  cancel(ref: ChallengeRef): Promise<CancelOutcome>;
  /**
   * Charges a guess to a subject's ledger before it is compared in another, so that all of a subject's recipients share one
   * budget; the ledger need not be there. A success there forgives it.
   */
  charge(request: ChargeSubject): Promise<ChargeOutcome>;
  /** Moves the state of one message forward; without effect when message or challenge are gone, or more is known already. */
  recordDelivery(request: RecordDelivery): Promise<void>;
  /** Some challenges whose fallback wants to be looked at. A hint by the caller's clock: `resend` decides. */
  dueFallbacks(due: { readonly before: number; readonly limit: number }): Promise<readonly ChallengeRef[]>;
  /** Gives up what was to be tried next. */
  endFallback(ref: ChallengeRef): Promise<void>;
  read(ref: ChallengeRef): Promise<ChallengeView | undefined>;
  /** Forgives a recipient's failures, for an operator. False when nothing was known of it. */
  forgive(ledger: string): Promise<boolean>;
  /** All of a ledger, for an operator. */
  inspect(ledger: string): Promise<{ readonly ledger: Ledger; readonly now: number } | undefined>;
  /** Forgets a ledger, for an operator. False when nothing was known of it. */
  erase(ledger: string): Promise<boolean>;
  /** Resolves when the store answers, rejects with `StoreUnavailable` otherwise. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Which proofs were redeemed. One atomic operation by the store's own clock, and as durable as the ledgers: the first of all
 * tries is kept, and `judgeRedemption` says what it means for the others.
 */
export interface RedemptionStore {
  redeem(request: Redemption): Promise<RedemptionOutcome>;
}

/** Finds a message by the provider's own id of it, in the records it can be in. Rejects like the ledgers. */
export interface DeliveryFinder {
  findDelivery(wanted: {
    readonly ledgers: readonly string[];
    readonly provider: string;
    readonly reference: string;
  }): Promise<MessageName | undefined>;
}

/**
 * Counts of the places that messages go to, and the blocks on them, for all replicas. By the store's clock. The rules are in
 * `otp/traffic.ts`.
 */
export interface TrafficStore {
  /** Counts, and answers with what is known of each place then, in the order of the request. */
  countTraffic(adds: readonly TrafficAdd[]): Promise<readonly Traffic[]>;
  raiseBlock(request: BlockRequest): Promise<Block>;
  /** The blocks that are running, those that end last first, at most `limit`. */
  listBlocks(request: { readonly limit: number }): Promise<readonly Block[]>;
  /** Counts what they refused, or would have. */
  countHits(hits: readonly { readonly key: string; readonly hits: number }[]): Promise<void>;
  /** Ends one; false when none was running. */
  endBlock(key: string): Promise<boolean>;
}

/**
 * How much of what was used lately, for all replicas. By the store's own clock, after the rules in `otp/limit-counter.ts`; specified by
 * `test/store/limits-contract.ts`. Rejects with `StoreUnavailable`.
 */
export interface LimitStore {
  /**
   * Takes from all of the counters, whose ids differ, or from none. However many ask at once, no counter gives more than it has. To be
   * called with counters in the same order by all, those that many share last.
   */
  takeLimits(takes: readonly LimitTake[]): Promise<TakeOutcome>;
  giveBackLimits(request: GiveBack): Promise<void>;
}

/** All that is remembered, as one store keeps it. */
export type Store = AuthenticatorStore & DeliveryFinder & LedgerStore & LimitStore & RedemptionStore & SealedSecretStore & TrafficStore;
