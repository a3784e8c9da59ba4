/** One ledger found and changed in one operation, and what of it is read back. */
import type { Filter } from "mongodb";
import type { ChallengeRef } from "../otp/ledger.ts";
import type { Ledgers } from "./mongo-connection.ts";
import { challengePath, type LedgerDocument, type LedgerReturned } from "./mongo-document.ts";
import { isDuplicateKey } from "./mongo-failure.ts";
import type { Pipeline } from "./mongo-pipelines.ts";

type OfLedger = Pick<ChallengeRef, "ledger" | "application">;
export type Projection = Readonly<Record<string, 0 | 1>>;

/** Another application's ledger does not match, and is not found. */
export const ofLedger = ({ ledger, application }: OfLedger) => ({ _id: ledger, application });
export const ofChallenge = (ref: ChallengeRef) => ({ ...ofLedger(ref), [challengePath(ref)]: { $exists: true } });

export const ofRecipient: Projection = { at: 1, failures: 1, failuresInRow: 1, verdict: 1 };
export const ofSubject: Projection = { failures: 1, failuresInRow: 1, authenticators: 1 };
export const wholeLedger: Projection = { application: 0, keepUntil: 0, purgeAt: 0 };
export const returning = (ref: ChallengeRef): Projection => ({ at: 1, failures: 1, failuresInRow: 1, [challengePath(ref)]: 1 });
export const afterwards = (ref: ChallengeRef): Projection => ({ ...returning(ref), verdict: 1, sends: 1 });

/**
 * The order of a bulk write. DocumentDB holds every record of one to its end: two that take the same ones in other orders would wait for
 * each other.
 */
export const byLedger = (a: Pick<OfLedger, "ledger">, b: Pick<OfLedger, "ledger">): number =>
  a.ledger < b.ledger ? -1 : Number(a.ledger > b.ledger);

export const changed = (ledgers: Ledgers, filter: Filter<LedgerDocument>, pipeline: Pipeline, projection: Projection, upsert = false) =>
  ledgers.findOneAndUpdate(filter, pipeline, { returnDocument: "after", projection, upsert }) as Promise<LedgerReturned | null>;

export const changedOf = (ledgers: Ledgers, ref: OfLedger, pipeline: Pipeline, projection: Projection) =>
  changed(ledgers, ofLedger(ref), pipeline, projection);

/** Several first calls for one recipient can meet in the index; the loser wrote nothing, and finds the record then. */
export async function upserted(ledgers: Ledgers, ref: OfLedger, pipeline: Pipeline, projection: Projection): Promise<LedgerReturned> {
  for (let tries = 1; ; tries++) {
    try {
      const returned = await changed(ledgers, ofLedger(ref), pipeline, projection, true);
      if (returned) return returned;
      throw new Error("an upsert answered without a record");
    } catch (error) {
      if (!isDuplicateKey(error) || tries === 5) throw error;
    }
  }
}
