import type { Document } from "mongodb";
import { type ChallengeRef, type ChallengeView, type Ledger, type LedgerChallenge, rememberMs } from "../otp/ledger.ts";

/** One ledger. Moments are dates here and milliseconds inside, so that an operator can read them and `$$NOW` compare them. */
export type LedgerDocument = {
  readonly _id: string;
  readonly application: string;
  readonly sends: readonly Date[];
  readonly failures: readonly Date[];
  readonly failuresInRow: number;
  /** The remembered challenges by nonce; each is a `LedgerChallenge` with dates, and with the marked verdicts of its `guesses`. */
  readonly open: Readonly<Record<string, Document>>;
  /** When the last write was decided, and how. */
  readonly at: Date;
  readonly verdict?: string;
  /** By id; each is a `LedgerAuthenticator` with dates. */
  readonly authenticators?: Readonly<Record<string, Document>>;
  /** Until then the messages and challenges matter; for ever (`never`) while an authenticator is active. */
  readonly keepUntil: Date;
  /** Carries the TTL index: as `keepUntil`, or later while there are failures in a row. */
  readonly purgeAt: Date;
  /** When a fallback wants to be looked at, or earlier; carries a sparse index. */
  readonly wakeAt?: Date;
};

/** What a verb reads back of the record it wrote. */
export type LedgerReturned = Pick<LedgerDocument, "at" | "failures" | "failuresInRow"> & Partial<LedgerDocument>;

/**
 * Names a field after text that must not be read as a path: ours are Base64url, and nothing else may become part of a query's
 * structure.
 */
export function fieldName(text: string): string {
  if (!isFieldName(text)) throw new TypeError("a name inside a ledger must not be empty or contain '.', '$' or NUL");
  return text;
}

export const isFieldName = (text: string): boolean => /^[^.$\0]+$/.test(text);

export const challengePath = (ref: Pick<ChallengeRef, "nonce">): string => `open.${fieldName(ref.nonce)}`;

/** The record as the rules know it, with those of its challenges that were read and are still remembered. */
export function ledgerOf(returned: LedgerReturned, { application }: Pick<ChallengeRef, "application">): Ledger {
  const challenges = challengesOf(returned);
  for (const [nonce, { expiresAt }] of Object.entries(challenges)) {
    if (expiresAt + rememberMs <= Number(returned.at)) delete challenges[nonce];
  }
  const { failuresInRow } = returned;
  const sends = returned.sends?.map(Number) ?? [];
  const failures = returned.failures.map(Number);
  const authenticators = returned.authenticators && (millisecondsFor(returned.authenticators) as NonNullable<Ledger["authenticators"]>);
  return { application, sends, failures, failuresInRow, challenges, ...(authenticators && { authenticators }) };
}

export const challengesOf = ({ open = {} }: Pick<LedgerReturned, "open">): Ledger["challenges"] =>
  Object.fromEntries(Object.entries(open).map(([nonce, stored]) => [nonce, challengeOf(stored)]));

function challengeOf({ guesses: _, ...stored }: Document): LedgerChallenge {
  return millisecondsFor(stored) as LedgerChallenge;
}

export function viewOf(returned: LedgerReturned, { nonce }: ChallengeRef): ChallengeView {
  const { at, failures, failuresInRow, open } = returned;
  const stored = open?.[nonce];
  if (!stored) throw new Error("the database answered without the challenge it was asked for");
  return { nonce, now: Number(at), challenge: challengeOf(stored), failures: failures.map(Number), failuresInRow };
}

function millisecondsFor(value: unknown): unknown {
  if (value instanceof Date) return Number(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(millisecondsFor);
  const copy: Record<string, unknown> = {};
  for (const key in value) copy[key] = millisecondsFor((value as Record<string, unknown>)[key]);
  return copy;
}
