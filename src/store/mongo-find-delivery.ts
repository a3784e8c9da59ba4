import { emptyLedger } from "../otp/ledger-rules.ts";
import { findDeliveryIn, type MessageName } from "../otp/receipt.ts";
import type { DeliveryFinder } from "../otp/store-ports.ts";
import type { Ledgers } from "./mongo-connection.ts";
import { challengesOf, type LedgerDocument } from "./mongo-document.ts";

type Wanted = Parameters<DeliveryFinder["findDelivery"]>[0];
type Found = Pick<LedgerDocument, "_id" | "application" | "open">;

/** By the records' own keys, so that no index over references is needed, and a sharded cluster asks the shards that have them. */
export async function findDelivery(ledgers: Ledgers, { ledgers: ids, ...wanted }: Wanted): Promise<MessageName | undefined> {
  const projection = { application: 1, open: 1 };
  const found = await ledgers.find<Found>({ _id: { $in: [...ids] } }, { projection }).toArray();
  const names = found.map((record) =>
    findDeliveryIn({ ...emptyLedger(record.application), challenges: challengesOf(record) }, record._id, wanted),
  );
  return names.find((name) => name !== undefined);
}
