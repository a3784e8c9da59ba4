import type { Db, IndexDescription } from "mongodb";
import { forgetFailuresMs } from "../otp/ledger.ts";
import { redemptionSlackMs } from "../otp/redemption.ts";
import { forgetBlocksMs, keepTrafficMs } from "../otp/traffic.ts";

/**
 * Every collection there is: what is found by what, how it is spread over shards, and when it goes. Backups, the sharding script and the
 * documents' table of retention go by this list, and a test holds it against what the store makes.
 */
export type MongoCollection = {
  readonly name: string;
  readonly indexes: readonly IndexDescription[];
  /** Undefined: stays on one shard, because it is small and read as a whole. */
  readonly shardKey: { readonly _id: "hashed" } | undefined;
  /** Queries that name no `_id`, and ask all shards; each is rare, or an operator's. */
  readonly scattered: readonly string[];
  /** The longest that something is kept that nobody asks for any more; undefined: until it is ended. */
  readonly keptMs: number | undefined;
};

/** Only frees the space: whatever expires is held to its time by the pipelines. */
const purge: IndexDescription = { key: { purgeAt: 1 }, name: "purgeAt_1", expireAfterSeconds: 0 };

export const mongoCollections: readonly MongoCollection[] = [
  {
    name: "ledgers",
    indexes: [purge, { key: { wakeAt: 1 }, name: "wakeAt_1", sparse: true }],
    shardKey: { _id: "hashed" },
    scattered: ["fallbacks that are due, once a second and replica, by wakeAt", "reencrypt and backup, page by page, in the order of _id"],
    keptMs: forgetFailuresMs,
  },
  { name: "limits", indexes: [purge], shardKey: { _id: "hashed" }, scattered: ["backup"], keptMs: 37.2 * 86_400_000 },
  { name: "redemptions", indexes: [purge], shardKey: { _id: "hashed" }, scattered: ["backup"], keptMs: 86_400_000 + redemptionSlackMs },
  { name: "traffic", indexes: [purge], shardKey: { _id: "hashed" }, scattered: ["backup"], keptMs: keepTrafficMs },
  {
    name: "blocks",
    indexes: [purge, { key: { until: -1 }, name: "until_-1" }],
    shardKey: undefined,
    scattered: [],
    keptMs: forgetBlocksMs,
  },
  { name: "meta", indexes: [], shardKey: undefined, scattered: [], keptMs: undefined },
];

/**
 * Makes what is missing. Since MongoDB 4.2 a build lets reads and writes go on (https://www.mongodb.com/docs/manual/core/index-creation/);
 * it counts as done when all voting members have it, which is the default and stated. Several replicas may ask at once.
 */
export async function createIndexes(db: Db): Promise<void> {
  for (const { name, indexes } of await missingIndexes(db)) await createUntilAgreed(db, name, indexes);
}

type Missing = Pick<MongoCollection, "name" | "indexes">;

/** To look is quick, however large a collection is. */
export async function missingIndexes(db: Db): Promise<readonly Missing[]> {
  const found = await Promise.all(
    mongoCollections.map(async ({ name, indexes }) => ({ name, indexes: await missingOf(db, name, indexes) })),
  );
  return found.filter(({ indexes }) => indexes.length > 0);
}

async function missingOf(db: Db, name: string, wanted: readonly IndexDescription[]): Promise<readonly IndexDescription[]> {
  if (wanted.length === 0) return [];
  const there = await db
    .collection(name)
    .listIndexes()
    .toArray()
    .catch((error: unknown) => {
      if (isMissingCollection(error)) return [];
      throw error;
    });
  return wanted.filter((index) => !there.some((each) => sameIndex(each, index)));
}

function sameIndex(there: IndexDescription, { key, expireAfterSeconds, sparse = false }: IndexDescription): boolean {
  return (
    JSON.stringify(there.key) === JSON.stringify(key) &&
    there.expireAfterSeconds === expireAfterSeconds &&
    (there.sparse ?? false) === sparse
  );
}

/** Two that make a collection at once can meet; whoever lost finds the index the next time. */
async function createUntilAgreed(db: Db, name: string, indexes: readonly IndexDescription[]): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await db.collection(name).createIndexes([...indexes]);
      return;
    } catch (error) {
      if ((await missingOf(db, name, indexes)).length === 0) return;
      if (isConflict(error))
        throw new Error(`the collection ${name} has another index in the place of ours: drop it there, and start again`);
      if (tries === 5) throw error;
    }
  }
}

/** NamespaceNotFound. */
const isMissingCollection = (error: unknown): boolean => codeOf(error) === 26;
/** IndexOptionsConflict, IndexKeySpecsConflict. */
const isConflict = (error: unknown): boolean => [85, 86].includes(codeOf(error));
const codeOf = (error: unknown): number => Number((error as { code?: unknown }).code);
