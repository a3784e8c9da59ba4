import type { Collection, Db } from "mongodb";
import { now } from "./mongo-expressions.ts";

/**
 * The database says by which layout it is written, and which programs may use it. A layout changes in steps, each of which older programs
 * bear beside it: a program first reads both layouts and writes the old one, the next one writes the new one, and a third gives up
 * the old one, after it has shut out the programs that do not know it.
 */
export type Schema = {
  /** What this program writes. */
  readonly version: number;
  /** By the version that each begins with. */
  readonly steps: Readonly<Record<number, SchemaStep>>;
};

export type SchemaStep = {
  /** The oldest programs that may read, and write, from the step's beginning on. */
  readonly minReader: number;
  readonly minWriter: number;
  /**
   * Brings up some documents after `cursor`; resolves to where it stopped, or to undefined at the end. May be done twice to the same
   * documents, and beside programs that write to them.
   */
  migrate?(db: Db, cursor: string): Promise<string | undefined>;
};

/** Version 1 is the layout before databases said so; what came since is added beside it, and records are not rewritten. */
export const currentSchema: Schema = { version: 2, steps: { 1: { minReader: 1, minWriter: 1 } } };

export type SchemaDocument = {
  readonly _id: "schema";
  readonly version: number;
  readonly minReader: number;
  readonly minWriter: number;
  /** Which process takes the next step, and until when it is believed to be at it. */
  readonly by?: string;
  readonly leaseUntil?: Date;
  /** When programs were shut out for the step. */
  readonly shutOutAt?: Date;
  readonly cursor?: string;
};

/** So high that no program opens a database which is half restored. */
export const nobody = 2_147_483_647;

/** Meets a program that does not know the layout: it must not touch the database. */
export class SchemaTooNew extends Error {
  override name = "SchemaTooNew";
}

const metaOf = (db: Db): Collection<SchemaDocument> => db.collection<SchemaDocument>("meta");

/** Throws `SchemaTooNew` where this program may not write. Of a database that says nothing, it is found out what it is. */
export async function readSchema(db: Db, schema: Schema): Promise<SchemaDocument> {
  const found = (await metaOf(db).findOne({ _id: "schema" })) ?? (await describe(db, schema));
  assertKnown(found, schema);
  return found;
}

export function assertKnown(
  { version, minReader, minWriter }: Pick<SchemaDocument, "version" | "minReader" | "minWriter">,
  schema: Schema,
): void {
  const needed = Math.max(minReader, minWriter);
  if (needed <= schema.version) return;
  if (needed === nobody)
    throw new SchemaTooNew("a restore of the database is under way, or was interrupted: drop the database then, and restore it again");
  const why = `the database has version ${version} of the schema, for programs that know ${needed} or newer, and this one knows ${schema.version}`;
  throw new SchemaTooNew(`${why}: start the newer program, or restore a backup from before the upgrade`);
}

async function describe(db: Db, { version, steps }: Schema): Promise<SchemaDocument> {
  const isEmpty = (await db.collection("ledgers").findOne({}, { projection: { _id: 1 } })) === null;
  const { minReader, minWriter } = isEmpty ? (steps[version - 1] ?? oldest) : oldest;
  const first: SchemaDocument = { _id: "schema", version: isEmpty ? version : 1, minReader, minWriter };
  // Of several that start at once, the first one's word counts.
  await metaOf(db)
    .insertOne(first)
    .catch(() => undefined);
  const kept = await metaOf(db).findOne({ _id: "schema" });
  if (!kept) throw new Error("the database does not keep the version of its schema");
  return kept;
}

const oldest = { minReader: 1, minWriter: 1 };

type Stepping = {
  readonly db: () => Db;
  readonly schema: Schema;
  /** Names this process. */
  readonly by: string;
  /** For how long a step is believed to be under way without a word. */
  readonly leaseMs: number;
  /** By when every program has looked whether it is shut out. */
  readonly noticeMs: number;
};

/** Where the database is behind: goes on with the next step, unless another process is at it. True when there is nothing left to do. */
export async function advanceSchema(stepping: Stepping): Promise<boolean> {
  const { db, schema } = stepping;
  for (;;) {
    const found = await readSchema(db(), schema);
    if (found.version >= schema.version) return true;
    const step = schema.steps[found.version];
    if (!step) throw new Error(`the database has version ${found.version} of the schema, from which this program knows no way`);
    const mine = await claim(stepping, found.version, step);
    if (!mine || !(await take(stepping, mine, step))) return false;
  }
}

/** The step is taken by whoever writes its name first, or after the last one fell silent. */
async function claim({ db, by, leaseMs }: Stepping, version: number, step: SchemaStep): Promise<SchemaDocument | undefined> {
  const isFree = { $or: [{ $eq: ["$by", by] }, { $lte: [{ $ifNull: ["$leaseUntil", new Date(0)] }, now] }] };
  const shutsOut = { $or: [{ $lt: ["$minReader", step.minReader] }, { $lt: ["$minWriter", step.minWriter] }] };
  const taken = {
    by,
    leaseUntil: { $add: [now, leaseMs] },
    shutOutAt: { $cond: [shutsOut, now, { $ifNull: ["$shutOutAt", new Date(0)] }] },
    minReader: { $max: ["$minReader", step.minReader] },
    minWriter: { $max: ["$minWriter", step.minWriter] },
  };
  const claimed = await metaOf(db()).findOneAndUpdate(
    { _id: "schema", version },
    [{ $replaceWith: { $mergeObjects: ["$$ROOT", { $cond: [isFree, taken, {}] }] } }],
    { returnDocument: "after" },
  );
  return claimed?.by === by ? claimed : undefined;
}

/** False where it has to wait, or lost its turn. */
async function take(stepping: Stepping, claimed: SchemaDocument, step: SchemaStep): Promise<boolean> {
  const { db, by, noticeMs } = stepping;
  const { version } = claimed;
  const waited = Number(claimed.leaseUntil) - stepping.leaseMs - Number(claimed.shutOutAt ?? 0);
  if (waited < noticeMs) return false;
  let cursor: string | undefined = step.migrate ? (claimed.cursor ?? "") : undefined;
  while (cursor !== undefined) {
    cursor = await step.migrate?.(db(), cursor);
    if (cursor === undefined) break;
    const isMine = await metaOf(db()).findOneAndUpdate(
      { _id: "schema", version, by },
      [{ $set: { cursor, leaseUntil: { $add: [now, stepping.leaseMs] } } }],
      { returnDocument: "after" },
    );
    if (!isMine) return false;
  }
  const ended = await metaOf(db()).updateOne({ _id: "schema", version, by }, [
    { $set: { version: version + 1 } },
    { $unset: ["by", "leaseUntil", "shutOutAt", "cursor"] },
  ]);
  return ended.matchedCount === 1;
}
