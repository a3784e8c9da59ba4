/** What lies in a store, as a thief would have it; and the one thing that tests change behind the service's back. */
import { existsSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { BSON, type Document, MongoClient } from "mongodb";
import type { Output } from "./secrets-in.ts";

export type StoreContents = {
  readonly read: () => Promise<Output[]>;
  /** Makes a challenge's lifetime end just before now. */
  readonly expire: (challengeId: string) => Promise<void>;
};

const split = (challengeId: string) => ({ ledger: challengeId.slice(0, 20), nonce: challengeId.slice(20) });

export const sqliteContents = (path: string): StoreContents => ({
  read: async () =>
    ["", "-wal", "-shm"]
      .filter((suffix) => existsSync(path + suffix))
      .map((suffix) => ({ name: `ledgers.db${suffix}`, bytes: readFileSync(path + suffix) })),
  expire: async (challengeId) => {
    const { ledger, nonce } = split(challengeId);
    const connection = new DatabaseSync(path, { timeout: 2_000 });
    const { changes } = connection
      .prepare("UPDATE ledgers SET record = json_set(record, ?, unixepoch() * 1000 - 1000) WHERE id = ?")
      .run(`$.challenges."${nonce}".expiresAt`, ledger);
    connection.close();
    if (changes !== 1) throw new Error("there is no such ledger");
  },
});

export const mongoContents = (url: string): StoreContents => ({
  read: () =>
    withDatabase(url, async (db) => {
      const collections = await db.collections();
      const found = await Promise.all(
        collections.map(async (each) => ({ name: each.collectionName, documents: await each.find().toArray() })),
      );
      return found.flatMap(({ name, documents }) => documents.flatMap((document) => formsOf(name, document)));
    }),
  expire: (challengeId) =>
    withDatabase(url, async (db) => {
      const { ledger, nonce } = split(challengeId);
      const pipeline = [{ $set: { [`open.${nonce}.expiresAt`]: { $subtract: ["$$NOW", 1_000] } } }];
      const { matchedCount } = await db.collection<{ _id: string }>("ledgers").updateOne({ _id: ledger }, pipeline);
      if (matchedCount !== 1) throw new Error("there is no such ledger");
    }),
});

const formsOf = (collection: string, document: Document): Output[] => [
  { name: `${collection} ${String(document._id)}`, bytes: BSON.serialize(document) },
  { name: `${collection} ${String(document._id)} as JSON`, bytes: Buffer.from(BSON.EJSON.stringify(document)) },
];

async function withDatabase<T>(url: string, work: (db: ReturnType<MongoClient["db"]>) => Promise<T>): Promise<T> {
  const client = new MongoClient(url);
  try {
    return await work(client.db());
  } finally {
    await client.close();
  }
}
