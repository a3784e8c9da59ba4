import type { Filter } from "mongodb";
import type { ChallengeRef } from "../otp/ledger.ts";
import { cancelChallenge, readChallenge } from "../otp/ledger-rules.ts";
import type { LedgerStore, RedemptionStore } from "../otp/ports.ts";
import { connect, type Ledgers, ping } from "./mongo-connection.ts";
import { createDeliveryWriter } from "./mongo-deliveries.ts";
import { challengePath, type LedgerDocument, type LedgerReturned, ledgerOf } from "./mongo-document.ts";
import { isDuplicateKey } from "./mongo-failure.ts";
import { createLanes } from "./mongo-lanes.ts";
import { openOutcome, resendOutcome, verifyOutcome } from "./mongo-outcomes.ts";
import { cancelPipeline, forgivePipeline, openPipeline, type Pipeline, resendPipeline } from "./mongo-pipelines.ts";
import { createRedemptions, indexRedemptions } from "./mongo-redemptions.ts";
import { verifyPipeline } from "./mongo-verify.ts";

export type MongoStoreOptions = {
  /** Names the database: `mongodb://HOST/DATABASE`. */
  readonly url: string;
  readonly maxPoolSize?: number;
  /** How long a call waits for the database, once it is its turn; one that is known to be away is told of at once. */
  readonly timeoutMs?: number;
};

/**
 * Ledgers in MongoDB 7 or newer, a replica set or a cluster sharded by hashed `_id`; or what speaks its protocol. Every verb is
 * one operation on one document, so it needs neither transactions nor a lock.
 */
export async function openMongoStore(options: MongoStoreOptions): Promise<LedgerStore & RedemptionStore> {
  const { url, maxPoolSize = 64, timeoutMs = 2_000 } = options;
  const connection = await connect({ url, maxPoolSize, timeoutMs });
  try {
    // Only frees the space: whatever expires is held to its time by the pipelines.
    await connection.run((ledgers) => ledgers.createIndex({ purgeAt: 1 }, { expireAfterSeconds: 0 }));
    await connection.run(() => indexRedemptions(connection.db()));
  } catch (error) {
    await connection.close();
    throw error;
  }
  const lanes = createLanes(3 * timeoutMs);
  const run: Run = (key, operation) => lanes(key, () => connection.run(operation));
  return {
    ...ledgerVerbs(run),
    recordDelivery: createDeliveryWriter(connection),
    redeem: (request) => createRedemptions(connection.db(), run).redeem(request),
    ping: () => connection.run(ping),
    close: connection.close,
  };
}

/** Runs an operation in the order of its key. */
type Run = <T>(key: string, operation: (ledgers: Ledgers) => Promise<T>) => Promise<T>;

function ledgerVerbs(run: Run): Omit<LedgerStore, "recordDelivery" | "ping" | "close"> {
  const change = (ref: ChallengeRef, pipeline: Pipeline, filter: Filter<LedgerDocument> = ofLedger(ref)) =>
    run(ref.ledger, (ledgers) => changed(ledgers, filter, ref, pipeline));
  return {
    async open(request) {
      const pipeline = openPipeline(request);
      return openOutcome(await run(request.ledger, (ledgers) => upserted(ledgers, request, pipeline)), request);
    },
    async resend(request) {
      const returned = await change(request, resendPipeline(request));
      return returned ? resendOutcome(returned, request) : { status: "not_found" };
    },
    async verify(request) {
      const returned = await change(request, verifyPipeline(request));
      return returned ? verifyOutcome(returned, request) : { status: "not_found" };
    },
    async cancel(ref) {
      const returned = await change(ref, cancelPipeline(ref), ofChallenge(ref));
      return returned ? cancelChallenge(ledgerOf(returned, ref), ref, Number(returned.at)) : { status: "not_found" };
    },
    async read(ref) {
      const projection = { ...returning(ref), at: "$$NOW" };
      const found = await run(ref.ledger, (ledgers) => ledgers.findOne<LedgerReturned>(ofChallenge(ref), { projection }));
      return found ? readChallenge(ledgerOf(found, ref), ref, Number(found.at)) : undefined;
    },
    async forgive(ledger) {
      const { matchedCount } = await run(ledger, (ledgers) => ledgers.updateOne({ _id: ledger }, forgivePipeline()));
      return matchedCount === 1;
    },
  };
}

/** Another application's ledger does not match, and is not found. */
const ofLedger = ({ ledger, application }: ChallengeRef) => ({ _id: ledger, application });
const ofChallenge = (ref: ChallengeRef) => ({ ...ofLedger(ref), [challengePath(ref)]: { $exists: true } });

const returning = (ref: ChallengeRef): Record<string, 1> => ({ at: 1, failures: 1, failuresInRow: 1, [challengePath(ref)]: 1 });

const changed = (ledgers: Ledgers, filter: Filter<LedgerDocument>, ref: ChallengeRef, pipeline: Pipeline) => {
  const projection = { ...returning(ref), verdict: 1, sends: 1 };
  return ledgers.findOneAndUpdate(filter, pipeline, { returnDocument: "after", projection }) as Promise<LedgerReturned | null>;
};

/** The one upsert. Several first sends to one recipient can meet in the index; the loser wrote nothing, and finds the record then. */
async function upserted(ledgers: Ledgers, ref: ChallengeRef, pipeline: Pipeline): Promise<LedgerReturned> {
  const projection = { application: 0, keepUntil: 0, purgeAt: 0 };
  for (let tries = 1; ; tries++) {
    try {
      const returned = await ledgers.findOneAndUpdate(ofLedger(ref), pipeline, { returnDocument: "after", projection, upsert: true });
      if (returned) return returned;
      throw new Error("an upsert answered without a record");
    } catch (error) {
      if (!isDuplicateKey(error) || tries === 5) throw error;
    }
  }
}
