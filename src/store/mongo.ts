import type { Filter } from "mongodb";
import type { AuthenticatorStore } from "../otp/authenticator-ports.ts";
import type { ChallengeRef, VerifyChallenge } from "../otp/ledger.ts";
import { cancelChallenge, readChallenge } from "../otp/ledger-rules.ts";
import type { LedgerStore, Store } from "../otp/store-ports.ts";
import { createAuthenticatorVerbs } from "./mongo-authenticator-verbs.ts";
import { type ConnectionOptions, connect, type Ledgers, ping } from "./mongo-connection.ts";
import { createDeliveryWriter } from "./mongo-deliveries.ts";
import { challengePath, type LedgerDocument, type LedgerReturned, ledgerOf } from "./mongo-document.ts";
import { findDue } from "./mongo-due.ts";
import { isDuplicateKey } from "./mongo-failure.ts";
import { findDelivery } from "./mongo-find-delivery.ts";
import { createLanes } from "./mongo-lanes.ts";
import { createLimits } from "./mongo-limits.ts";
import { chargeOutcome, openOutcome, openUnsentOutcome, resendOutcome, verifyOutcome } from "./mongo-outcomes.ts";
import { cancelPipeline, endFallbackPipeline, forgivePipeline, openPipeline, type Pipeline, resendPipeline } from "./mongo-pipelines.ts";
import { createRedemptions } from "./mongo-redemptions.ts";
import { createSealedSecrets } from "./mongo-sealed-secrets.ts";
import { chargePipeline, openUnsentPipeline } from "./mongo-subject.ts";
import { createTraffic } from "./mongo-traffic.ts";
import { keepUp, type UpkeepOptions } from "./mongo-upkeep.ts";
import { verifyPipeline } from "./mongo-verify.ts";

/** `url` names the database: `mongodb://HOST/DATABASE`. `timeoutMs` bounds a call once it is its turn; one that is known to be away is told of at once. */
export type MongoStoreOptions = UpkeepOptions & Partial<ConnectionOptions> & Pick<ConnectionOptions, "url">;

/**
 * Ledgers in MongoDB 7 or newer, a replica set or a cluster sharded by hashed `_id`; or what speaks its protocol. Every verb is
 * one operation on one document, so it needs neither transactions nor a lock.
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
  return {
    ...ledgerVerbs(run),
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

function ledgerVerbs(run: Run): Omit<LedgerStore, "recordDelivery" | "dueFallbacks" | "ping" | "close"> {
  const change = (ref: ChallengeRef, pipeline: Pipeline, { filter = ofLedger(ref), more = {} }: Changing = {}) =>
    run(ref.ledger, (ledgers) => changed(ledgers, filter, pipeline, { ...returning(ref), verdict: 1, sends: 1, ...more }));
  return {
    async open(request) {
      const pipeline = openPipeline(request);
      return openOutcome(await run(request.ledger, (ledgers) => upserted(ledgers, request, pipeline, wholeLedger)), request);
    },
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
    async verify(request) {
      const returned = await change(request, verifyPipeline(request), toPrepare(request));
      return returned ? verifyOutcome(returned, request) : { status: "not_found" };
    },
    async cancel(ref) {
      const returned = await change(ref, cancelPipeline(ref), { filter: ofChallenge(ref) });
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

type OfLedger = Pick<ChallengeRef, "ledger" | "application">;
type Projection = Readonly<Record<string, 0 | 1>>;
type Changing = { readonly filter?: Filter<LedgerDocument>; readonly more?: Projection };

/** Another application's ledger does not match, and is not found. */
const ofLedger = ({ ledger, application }: OfLedger) => ({ _id: ledger, application });
const ofChallenge = (ref: ChallengeRef) => ({ ...ofLedger(ref), [challengePath(ref)]: { $exists: true } });

const ofRecipient: Projection = { at: 1, failures: 1, failuresInRow: 1, verdict: 1 };
const ofSubject: Projection = { failures: 1, failuresInRow: 1, authenticators: 1 };
const wholeLedger: Projection = { application: 0, keepUntil: 0, purgeAt: 0 };
const returning = (ref: ChallengeRef): Projection => ({ at: 1, failures: 1, failuresInRow: 1, [challengePath(ref)]: 1 });

/** Whoever has no claim yet needs what could answer; a recipient's ledger has no such field. */
const toPrepare = ({ claim }: VerifyChallenge): Changing => (claim === undefined ? { more: { authenticators: 1 } } : {});

const changed = (ledgers: Ledgers, filter: Filter<LedgerDocument>, pipeline: Pipeline, projection: Projection, upsert = false) =>
  ledgers.findOneAndUpdate(filter, pipeline, { returnDocument: "after", projection, upsert }) as Promise<LedgerReturned | null>;

const changedOf = (ledgers: Ledgers, ref: OfLedger, pipeline: Pipeline, projection: Projection) =>
  changed(ledgers, ofLedger(ref), pipeline, projection);

/** Several first calls for one recipient can meet in the index; the loser wrote nothing, and finds the record then. */
async function upserted(ledgers: Ledgers, ref: OfLedger, pipeline: Pipeline, projection: Projection): Promise<LedgerReturned> {
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
