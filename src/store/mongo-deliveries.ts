import type { AnyBulkWriteOperation } from "mongodb";
import type { RecordDelivery } from "../otp/ledger.ts";
import type { MongoConnection } from "./mongo-connection.ts";
import { challengePath, fieldName, type LedgerDocument } from "./mongo-document.ts";

type Waiting = { readonly write: AnyBulkWriteOperation<LedgerDocument>; resolve(): void; reject(error: unknown): void };

/**
 * Writes down what came of messages, many at a time: one bulk write is under way at most, and what comes meanwhile goes together
 * in the next. Nothing is decided here, so nothing is lost by that; and a send costs little more than its one decisive write.
 */
export function createDeliveryWriter({ run }: Pick<MongoConnection, "run">) {
  let waiting: Waiting[] = [];
  let isWriting = false;

  const writeAll = async (): Promise<void> => {
    isWriting = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      const writes = batch.map(({ write }) => write);
      await run((ledgers) => ledgers.bulkWrite(writes, { ordered: false })).then(
        () => batch.forEach(({ resolve }) => void resolve()),
        (error: unknown) => batch.forEach(({ reject }) => void reject(error)),
      );
    }
    isWriting = false;
  };

  return (request: RecordDelivery): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push({ write: deliveryWrite(request), resolve, reject });
      if (!isWriting) void writeAll();
    });
}

/** Not a pipeline: text needs no `$literal`, and `$currentDate` is the database's clock. */
function deliveryWrite(request: RecordDelivery): AnyBulkWriteOperation<LedgerDocument> {
  const { ledger, application, deliveryId, state, provider, reference, failure } = request;
  const path = `${challengePath(request)}.deliveries.${fieldName(deliveryId)}`;
  const $set: Record<string, string> = {};
  const $unset: Record<string, true> = {};
  for (const [key, value] of Object.entries({ state, provider, reference, failure })) {
    if (value === undefined) $unset[`${path}.${key}`] = true;
    else $set[`${path}.${key}`] = value;
  }
  const update = { $set, $unset, $currentDate: { [`${path}.updatedAt`]: true } };
  return {
    updateOne: { filter: { _id: ledger, application, [path]: { $exists: true } }, update },
  } as AnyBulkWriteOperation<LedgerDocument>;
}
