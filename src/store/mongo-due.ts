import type { ChallengeRef } from "../otp/ledger.ts";
import { emptyLedger } from "../otp/ledger-rules.ts";
import { dueIn } from "./due-fallbacks.ts";
import type { Ledgers } from "./mongo-connection.ts";
import { challengesOf, type LedgerDocument } from "./mongo-document.ts";
import { wakeStage } from "./mongo-fallback.ts";

type Found = Pick<LedgerDocument, "_id" | "application" | "open">;

/**
 * The challenges whose fallback may be due, longest due first. Whoever takes a fallback away leaves `wakeAt` as it was: what it
 * wakes in vain is told its next time, so that it stands before nobody else.
 */
export async function findDue(
  ledgers: Ledgers,
  { before, limit }: { readonly before: number; readonly limit: number },
): Promise<ChallengeRef[]> {
  const projection = { application: 1, open: 1 };
  const found = await ledgers
    .find<Found>({ wakeAt: { $lte: new Date(before) } }, { projection })
    .sort({ wakeAt: 1 })
    .limit(limit)
    .toArray();
  const due = found.map((record) => dueIn({ ...emptyLedger(record.application), challenges: challengesOf(record) }, record._id, before));
  const inVain = found.filter((_, index) => due[index]?.length === 0).map(({ _id }) => _id);
  await Promise.all(inVain.map((_id) => ledgers.updateOne({ _id }, [wakeStage])));
  return due.flat().slice(0, limit);
}
