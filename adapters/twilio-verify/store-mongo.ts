import { MongoClient, MongoServerError } from "mongodb";
import type { VerificationRecord } from "./records.ts";
import { keptMs, type RecordStore } from "./store-port.ts";

type Stored = Omit<VerificationRecord, "key" | "startedAt"> & { readonly _id: string; readonly startedAt: Date };

const options = {
  serverSelectionTimeoutMS: 5_000,
  connectTimeoutMS: 5_000,
  socketTimeoutMS: 10_000,
  waitQueueTimeoutMS: 5_000,
  writeConcern: { w: "majority", journal: true },
} as const;

/** Any number of replicas share the collection `twilioVerifications`; every call is one operation on one document, found by `_id`. */
export async function openMongoRecords(url: string): Promise<RecordStore> {
  const client = new MongoClient(url, options);
  await client.connect();
  const records = client.db().collection<Stored>("twilioVerifications");
  await records.createIndex({ startedAt: 1 }, { expireAfterSeconds: keptMs / 1_000 });
  return {
    async get(key) {
      const found = await records.findOne({ _id: key });
      return found ? recordOf(found) : undefined;
    },
    async swap(key, expected, next) {
      if (expected === undefined) return next === undefined ? false : orTaken(records.insertOne(storedOf(next)));
      if (next === undefined) return (await records.deleteOne({ _id: key, version: expected })).deletedCount === 1;
      const { _id, ...rest } = storedOf(next);
      return (await records.updateOne({ _id, version: expected }, { $set: rest })).modifiedCount === 1;
    },
    close: () => client.close(),
  };
}

const storedOf = ({ key, startedAt, ...rest }: VerificationRecord): Stored => ({ _id: key, startedAt: new Date(startedAt), ...rest });
const recordOf = ({ _id, startedAt, ...rest }: Stored): VerificationRecord => ({ key: _id, startedAt: startedAt.getTime(), ...rest });

async function orTaken(insert: Promise<unknown>): Promise<boolean> {
  try {
    await insert;
    return true;
  } catch (error) {
    if (error instanceof MongoServerError && error.code === 11000) return false;
    throw error;
  }
}
