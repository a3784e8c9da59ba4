import type { AnyBulkWriteOperation } from "mongodb";
import { deliveryStates, type RecordDelivery } from "../otp/ledger.ts";
import type { MongoConnection } from "./mongo-connection.ts";
import { challengePath, fieldName, type LedgerDocument } from "./mongo-document.ts";
import { byLedger } from "./mongo-ledgers.ts";

type Write = AnyBulkWriteOperation<LedgerDocument>;
type Waiting = { readonly ledger: string; readonly writes: readonly Write[]; resolve(): void; reject(error: unknown): void };

/**
 * Writes down what came of messages, many at a time: one bulk write is under way at most, and what comes meanwhile goes together
 * in the next. Nothing is decided here, so nothing is lost by that; and a send costs little more than its one decisive write.
 */
export function createDeliveryWriter({ run }: Pick<MongoConnection, "run">) {
  let waiting: Waiting[] = [];
  let isWriting = false;

  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      const writes = batch.toSorted(byLedger).flatMap((each) => each.writes);
      await run((ledgers) => ledgers.bulkWrite(writes, { ordered: false })).then(
        () => batch.forEach(({ resolve }) => void resolve()),
        (error: unknown) => batch.forEach(({ reject }) => void reject(error)),
      );
    }
    isWriting = false;
  };

  return (request: RecordDelivery): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push({ ledger: request.ledger, writes: deliveryWrites(request), resolve, reject });
      if (isWriting) return;
      isWriting = true;
      // What one turn of the event loop brings goes together.
      setImmediate(writeAll);
    });
}

/**
 * Not a pipeline: text needs no `$literal`, and `$currentDate` is the database's clock. The filter holds what `recordDelivery` of the
 * rules asks: a state that gives way, and no other provider.
 */
function deliveryWrites(request: RecordDelivery): readonly Write[] {
  const { ledger, application, deliveryId, state, provider, reference, failure, vendorCode, tried, suppressed } = request;
  const challenge = challengePath(request);
  const path = `${challenge}.deliveries.${fieldName(deliveryId)}`;
  const givingWay = deliveryStates.slice(0, deliveryStates.indexOf(state));
  const filter = { _id: ledger, application, [`${path}.state`]: { $in: givingWay }, [`${path}.provider`]: { $in: [null, provider] } };
  const known = { [`${path}.state`]: state, [`${path}.provider`]: provider };
  const update = {
    $set: {
      ...known,
      ...(reference !== undefined && { [`${path}.reference`]: reference }),
      ...(failure !== undefined && { [`${path}.failure`]: failure }),
      ...(vendorCode !== undefined && { [`${path}.vendorCode`]: vendorCode }),
      ...(tried && { [`${path}.tried`]: tried }),
      ...(suppressed !== undefined && { [`${path}.suppressed`]: suppressed }),
    },
    ...((failure === undefined || vendorCode === undefined) && {
      $unset: {
        ...(failure === undefined && { [`${path}.failure`]: true }),
        ...(vendorCode === undefined && { [`${path}.vendorCode`]: true }),
      },
    }),
    $currentDate: { [`${path}.updatedAt`]: true, [`${path}.times.${state}`]: true },
  };
  const write = { updateOne: { filter, update } } as Write;
  if (state !== "failed") return [write];
  // The next channel's turn has come at once. Whichever of the two matches first makes the other match no more.
  const waking = {
    filter: { ...filter, [`${challenge}.fallback.at`]: { $exists: true } },
    update: { ...update, $min: { wakeAt: new Date(0) } },
  };
  return [{ updateOne: waking } as Write, write];
}
