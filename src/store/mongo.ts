import type { Filter } from "mongodb";
import type { AuthenticatorStore } from "../otp/authenticator-ports.ts";
import type { ChallengeRef } from "../otp/ledger.ts";
import { cancelChallenge, readChallenge } from "../otp/ledger-rules.ts";
import type { LedgerStore, Store } from "../otp/store-ports.ts";
import { createAuthenticatorVerbs } from "./mongo-authenticator-verbs.ts";
import { type ConnectionOptions, connect, type Ledgers, ping } from "./mongo-connection.ts";
import { openWrite, verifyWrite } from "./mongo-decisions.ts";
import { createDeliveryWriter } from "./mongo-deliveries.ts";
import { type LedgerDocument, type LedgerReturned, ledgerOf } from "./mongo-document.ts";
import { findDue } from "./mongo-due.ts";
import { findDelivery } from "./mongo-find-delivery.ts";
import { createGroups, type Decide, type GroupOptions } from "./mongo-groups.ts";
import { createLanes } from "./mongo-lanes.ts";
import {
  afterwards,
  changed,
  changedOf,
  ofChallenge,
  ofLedger,
  ofRecipient,
  ofSubject,
  returning,
  upserted,
  wholeLedger,
} from "./mongo-ledgers.ts";
import { createLimits } from "./mongo-limits.ts";
import { chargeOutcome, openUnsentOutcome, resendOutcome } from "./mongo-outcomes.ts";
import { cancelPipeline, endFallbackPipeline, forgivePipeline, type Pipeline, resendPipeline } from "./mongo-pipelines.ts";
import { createRedemptions } from "./mongo-redemptions.ts";
import { createSealedSecrets } from "./mongo-sealed-secrets.ts";
import { chargePipeline, openUnsentPipeline } from "./mongo-subject.ts";
import { createTraffic } from "./mongo-traffic.ts";
import { keepUp, type UpkeepOptions } from "./mongo-upkeep.ts";

/** `url` names the database: `mongodb://HOST/DATABASE`. `timeoutMs` bounds a call once it is its turn; one that is known to be away is told of at once. */
export type MongoStoreOptions = UpkeepOptions &
  Partial<ConnectionOptions> &
  Pick<ConnectionOptions, "url"> &
  Pick<GroupOptions, "groupFrom">;

/**
 * Ledgers in MongoDB 7 or newer, a replica set or a cluster sharded by hashed `_id`; or what speaks its protocol. Every verb is
 * decided in one operation on one document, so it needs neither transactions nor a lock; sends and guesses of many recipients share a bulk
 * write of such operations.
 */
export async function openMongoStore(options: MongoStoreOptions): Promise<Store> {
  const { maxPoolSize = 64, timeoutMs = 2_000 } = options;
  const connected = await connect({ ...options, maxPoolSize, timeoutMs });
  const connection = await keepUp(connected, options).catch(async (error: unknown) => {
    await connected.close();
    throw error;
  });
  const lanes = createLanes(3 * timeoutMs);
  const run: Run = (key, operation) => lanes(key, () => connection.run(operation));
  const groups = createGroups(connection, { ...options, maxWaitMs: timeoutMs });
  const decide: Decide = (write) => lanes(write.ledger, () => groups(write));
  return {
    ...ledgerVerbs(run, decide),
    ...authenticatorVerbs(run),
    recordDelivery: createDeliveryWriter(connection),
    findDelivery: (wanted) => connection.run((ledgers) => findDelivery(ledgers, wanted)),
    dueFallbacks: (due) => connection.run((ledgers) => findDue(ledgers, due)),
    ...createLimits(() => connection.db(), run),
    ...createTraffic(() => connection.db(), run),
    ...createSealedSecrets(run, connection.run),
    redeem: (request) => createRedemptions(connection.db(), run).redeem(request),
    ping: () => connection.run(ping),
    close: connection.close,
  };
}

/** Runs an operation in the order of its key. */
type Run = <T>(key: string, operation: (ledgers: Ledgers) => Promise<T>) => Promise<T>;

function ledgerVerbs(run: Run, decide: Decide): Omit<LedgerStore, "recordDelivery" | "dueFallbacks" | "ping" | "close"> {
  const change = (ref: ChallengeRef, pipeline: Pipeline, filter: Filter<LedgerDocument> = ofLedger(ref)) =>
    run(ref.ledger, (ledgers) => changed(ledgers, filter, pipeline, afterwards(ref)));
  return {
    open: async (request) => decide(openWrite(request)),
    async openUnsent(request) {
      const pipeline = openUnsentPipeline(request);
      // A subject that nothing is known of has no authenticator; only where that is hidden is it written down.
      const write = request.hideAbsence ? upserted : changedOf;
      const returned = await run(request.ledger, (ledgers) => write(ledgers, request, pipeline, wholeLedger));
      return returned ? openUnsentOutcome(returned, request) : { status: "no_authenticator" };
    },
    async resend(request) {
      const returned = await change(request, resendPipeline(request));
      return returned ? resendOutcome(returned, request) : { status: "not_found" };
    },
    verify: async (request) => decide(verifyWrite(request)),
    async cancel(ref) {
      const returned = await change(ref, cancelPipeline(ref), ofChallenge(ref));
      return returned ? cancelChallenge(ledgerOf(returned, ref), ref, Number(returned.at)) : { status: "not_found" };
    },
    async charge(request) {
      const pipeline = chargePipeline(request);
      return chargeOutcome(await run(request.ledger, (ledgers) => upserted(ledgers, request, pipeline, ofRecipient)), request);
    },
    async endFallback(ref) {
      await run(ref.ledger, (ledgers) => ledgers.updateOne(ofLedger(ref), endFallbackPipeline(ref)));
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
    async inspect(ledger) {
      const projection = { ...ofSubject, application: 1, sends: 1, open: 1, at: "$$NOW" };
      const found = await run(ledger, (ledgers) => ledgers.findOne<LedgerDocument>({ _id: ledger }, { projection }));
      return found ? { ledger: ledgerOf(found, found), now: Number(found.at) } : undefined;
    },
    erase: async (ledger) => (await run(ledger, (ledgers) => ledgers.deleteOne({ _id: ledger }))).deletedCount === 1,
  };
}

const authenticatorVerbs = (run: Run): AuthenticatorStore =>
  createAuthenticatorVerbs({
    upsert: (of, pipeline) => run(of.ledger, (ledgers) => upserted(ledgers, of, pipeline, wholeLedger)),
    change: (of, pipeline) => run(of.ledger, (ledgers) => changedOf(ledgers, of, pipeline, wholeLedger)),
    read: (of) => run(of.ledger, (ledgers) => ledgers.findOne<LedgerReturned>(ofLedger(of), { projection: { ...ofSubject, at: "$$NOW" } })),
  });
