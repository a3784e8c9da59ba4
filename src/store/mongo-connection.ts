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

export type ConnectionOptions = { readonly url: string; readonly maxPoolSize: number; readonly timeoutMs: number };

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
  let current = await newClient(options);
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
async function newClient({ url, maxPoolSize, timeoutMs }: ConnectionOptions) {
  const client = new MongoClient(url, clientOptions(maxPoolSize, timeoutMs));
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

/** Asks for something of ours: what only forwards calls, or has not let us in, may answer a `ping` all the same. */
export async function ping(ledgers: Ledgers): Promise<void> {
  await ledgers.estimatedDocumentCount();
}

/** A write counts once a majority has it in its journal: no failover and no power cut takes it back. */
const clientOptions = (maxPoolSize: number, timeoutMs: number): MongoClientOptions => ({
  appName: "countersign",
  maxPoolSize,
  writeConcern: { w: "majority", journal: true, wtimeoutMS: timeoutMs },
  readPreference: "primary",
  serverSelectionTimeoutMS: timeoutMs / 2,
  waitQueueTimeoutMS: timeoutMs / 2,
  connectTimeoutMS: timeoutMs,
  socketTimeoutMS: timeoutMs,
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
