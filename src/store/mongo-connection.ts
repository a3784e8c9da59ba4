import { type Collection, type Db, MongoClient, type MongoClientOptions } from "mongodb";
import { StoreUnavailable } from "../otp/refusal.ts";
import type { LedgerDocument } from "./mongo-document.ts";
import { storeFailure } from "./mongo-failure.ts";
import { createGate } from "./mongo-gate.ts";

export type Ledgers = Collection<LedgerDocument>;

export type MongoConnection = {
  /** Rejects with `StoreUnavailable` when the database does not answer in time. */
  run<T>(operation: (ledgers: Ledgers) => Promise<T>): Promise<T>;
  /** As it is now: to be asked for again for the next operation. */
  db(): Db;
  close(): Promise<void>;
};

export type ConnectionOptions = {
  readonly url: string;
  readonly maxPoolSize: number;
  readonly minPoolSize?: number;
  /** For an operation in all; the others are parts of it. */
  readonly timeoutMs: number;
  readonly waitMs?: number;
  readonly serverSelectionMs?: number;
  readonly connectMs?: number;
  readonly socketMs?: number;
};

/**
 * A client that is replaced after an outage. The driver does not always find back by itself: when its monitor asks over a
 * connection that is being closed, it waits for a `drain` that never comes, and never asks again (7.8.0, `writeCommand` in
 * https://github.com/mongodb/node-mongodb-native/blob/main/src/cmap/connection.ts). For the same reason every operation has a
 * deadline of our own.
 */
export async function connect(options: ConnectionOptions): Promise<MongoConnection> {
  const { url, maxPoolSize, timeoutMs } = options;
  if (!/^mongodb(\+srv)?:\/\/[^/]+\/[^/?]+/.test(url))
    throw new TypeError("the store's URL names no database; write mongodb://HOST/DATABASE");
  let isClosed = false;
  // The rest of the program is being loaded meanwhile, which can hold up the event loop for longer than any of the time-outs.
  let current = await newClient(options).catch(() => newClient(options));
  const replace = async (): Promise<void> => {
    const fresh = await newClient(options);
    const old = isClosed ? fresh : current;
    if (!isClosed) current = fresh;
    void old.client.close().catch(() => {});
  };
  const gate = createGate({ probe: replace, maxInFlight: 32 * maxPoolSize });
  return {
    run: (operation) => gate.run(() => inTime(operation(current.ledgers), timeoutMs)),
    db: () => current.db,
    async close() {
      isClosed = true;
      gate.close();
      await current.client.close();
    },
  };
}

/** One that has answered. */
async function newClient(options: ConnectionOptions) {
  const { url, timeoutMs } = options;
  const client = new MongoClient(url, clientOptions(options));
  const db = client.db();
  const ledgers = db.collection<LedgerDocument>("ledgers");
  try {
    await inTime(ping(ledgers), timeoutMs);
  } catch (error) {
    void client.close().catch(() => {});
    throw error;
  }
  return { client, db, ledgers };
}

/**
 * A write that changes nothing: what only forwards calls, has not let us in, or takes no writes, may answer a `ping`, or a question, all the
 * same.
 */
export async function ping(ledgers: Ledgers): Promise<void> {
  await ledgers.updateOne({ _id: "" }, { $max: { at: new Date(0) } });
}

/** For what takes as long as it takes. */
export const openPatiently = (url: string): MongoClient =>
  new MongoClient(url, { ...concerns, maxPoolSize: 2, serverSelectionTimeoutMS: 10_000 });

/**
 * A write counts once a majority has it in its journal: no failover and no power cut takes it back; and nothing is read that could
 * still be taken back. These stand above what the URL says.
 */
const concerns: MongoClientOptions = {
  appName: "countersign",
  writeConcern: { w: "majority", journal: true },
  readConcern: { level: "majority" },
  readPreference: "primary",
};

const clientOptions = ({ timeoutMs, ...options }: ConnectionOptions): MongoClientOptions => ({
  ...concerns,
  maxPoolSize: options.maxPoolSize,
  minPoolSize: options.minPoolSize ?? 0,
  writeConcern: { w: "majority", journal: true, wtimeoutMS: timeoutMs },
  serverSelectionTimeoutMS: options.serverSelectionMs ?? timeoutMs / 2,
  waitQueueTimeoutMS: options.waitMs ?? timeoutMs / 2,
  connectTimeoutMS: options.connectMs ?? timeoutMs,
  socketTimeoutMS: options.socketMs ?? timeoutMs,
});

async function inTime<T>(operation: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreUnavailable(new Error(`no answer within ${timeoutMs} ms`))), timeoutMs);
  });
  try {
    return await Promise.race([operation, late]);
  } catch (error) {
    throw storeFailure(error);
  } finally {
    clearTimeout(timer);
  }
}
