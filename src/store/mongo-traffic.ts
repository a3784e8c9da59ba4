import { type AnyBulkWriteOperation, type Collection, type Db, MongoBulkWriteError } from "mongodb";
import type { TrafficStore } from "../otp/store-ports.ts";
import {
  type Block,
  type BlockRequest,
  forgetBlocksMs,
  forgetLinesMs,
  halfLifeMs,
  keepTrafficMs,
  maxLines,
  type Traffic,
  type TrafficAdd,
} from "../otp/traffic.ts";
import { type Expression, fromNow, literal, now } from "./mongo-expressions.ts";
import { isDuplicateKey } from "./mongo-failure.ts";

type TrafficDocument = { readonly _id: string; readonly version: 1; readonly at: Date; readonly verifiedAt?: Date } & Omit<
  Traffic,
  "at" | "verifiedAt"
>;
type BlockDocument = { readonly _id: string; readonly version: 1; readonly since: Date; readonly until: Date } & Omit<
  Block,
  "key" | "since" | "until"
>;

type Run = <T>(key: string, operation: () => Promise<T>) => Promise<T>;

/** The rules of `otp/traffic.ts` as update pipelines, on the database's clock: one document per place, one per block. */
export function createTraffic(db: () => Db, run: Run): TrafficStore {
  const places = () => db().collection<TrafficDocument>("traffic");
  const blocks = () => db().collection<BlockDocument>("blocks");
  return {
    async countTraffic(adds) {
      const byKey = Map.groupBy(adds, ({ key }) => key);
      const writes = [...byKey].map(([key, ofKey]) => ({ updateOne: { filter: named(key), update: addPipeline(ofKey), upsert: true } }));
      const found = await run("traffic", async () => {
        await writeAll(places(), writes);
        return places()
          .find({ _id: { $in: [...byKey.keys()] } })
          .toArray();
      });
      const documents = new Map(found.map((document) => [document._id, readTraffic(document)]));
      return adds.map(({ key }) => {
        const counted = documents.get(key);
        if (!counted) throw new Error("the database answered without a place it counted");
        return counted;
      });
    },
    async raiseBlock(request) {
      const options = { upsert: true, returnDocument: "after" } as const;
      const raised = await run(request.key, () =>
        untilUnique(() => blocks().findOneAndUpdate(named(request.key), raisePipeline(request), options)),
      );
      if (!raised) throw new Error("an upsert answered without a record");
      return readBlock(raised);
    },
    async listBlocks({ limit }) {
      const projection = { ...blockFields, now } as Record<string, unknown>;
      const found = await run("blocks", () => blocks().find({}, { projection }).sort({ until: -1 }).limit(limit).toArray());
      return (found as (BlockDocument & { readonly now: Date })[]).filter(({ until, now: at }) => until > at).map(readBlock);
    },
    async countHits(hits) {
      const writes = hits.map(({ key, hits: number }) => ({ updateOne: { filter: { _id: key }, update: { $inc: { hits: number } } } }));
      await run("blocks", () => blocks().bulkWrite(writes, { ordered: false }));
    },
    async endBlock(key) {
      const wasRunning = { $gt: ["$until", now] };
      // The end is a moment in the past, so that the next block is as long as if this one had run out.
      const changes = [{ $set: { wasRunning, until: { $min: ["$until", now] } } }];
      const ended = await run(key, () => blocks().findOneAndUpdate({ _id: key }, changes, { returnDocument: "after" }));
      return (ended as { wasRunning?: boolean } | null)?.wasRunning === true;
    },
  };
}

/** More than the key, because DocumentDB knows no `$$NOW` in a race of upserts by `_id` alone. */
const named = (key: string) => ({ _id: key, version: 1 }) as const;

/** Two that upsert at once can meet in the index; the loser wrote nothing, and finds the record then. */
async function untilUnique<T>(write: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await write();
    } catch (error) {
      if (!isDuplicateKey(error) || tries === 5) throw error;
    }
  }
}

/** The same for many at once: those that were written are not written again. */
async function writeAll(traffic: Collection<TrafficDocument>, writes: AnyBulkWriteOperation<TrafficDocument>[]): Promise<void> {
  for (let left = writes, tries = 1; left.length > 0; tries++) {
    try {
      await traffic.bulkWrite(left, { ordered: false });
      return;
    } catch (error) {
      const errors = error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : [];
      if (errors.length === 0 || tries === 5 || !errors.every((each) => isDuplicateWrite(each))) throw error;
      left = errors.flatMap(({ index }) => left[index] ?? []);
    }
  }
}

const isDuplicateWrite = ({ code, errmsg }: { readonly code: number; readonly errmsg?: string | undefined }): boolean =>
  code === 11000 || /duplicate key value/.test(errmsg ?? "");

const orZero = (field: string): Expression => ({ $ifNull: [field, 0] });

function addPipeline(adds: readonly TrafficAdd[]): Record<string, Expression>[] {
  const count = (what: TrafficAdd["what"]): number => adds.filter((add) => add.what === what).length;
  const newLines = adds.flatMap(({ line }) => (line === undefined ? [] : [line]));
  const ageMs: Expression = { $max: [0, { $subtract: [now, { $ifNull: ["$at", now] }] }] };
  const weight: Expression = { $pow: [0.5, { $divide: [ageMs, halfLifeMs] }] };
  const added = (what: TrafficAdd["what"]): Expression => ({ $add: [{ $multiply: [orZero(`$${what}`), weight] }, count(what)] });
  const lines: Expression = { $cond: [{ $gt: [ageMs, forgetLinesMs] }, [], { $ifNull: ["$lines", []] }] };
  return [
    {
      $set: {
        sent: added("sent"),
        delivered: added("delivered"),
        verified: added("verified"),
        lines: { $slice: [{ $concatArrays: [lines, newLines] }, -maxLines] },
        at: { $max: [now, "$at"] },
        ...(count("verified") > 0 && { verifiedAt: now }),
        purgeAt: fromNow(keepTrafficMs),
      },
    },
  ];
}

function raisePipeline({ application, kind, label, cause, enforced, lengthsMs }: BlockRequest): Record<string, Expression>[] {
  const isRunning: Expression = { $gt: ["$until", now] };
  const isRemembered: Expression = { $gt: ["$until", fromNow(-forgetBlocksMs)] };
  const level: Expression = { $cond: [isRemembered, { $add: [orZero("$level"), 1] }, 1] };
  const lengthMs: Expression = { $arrayElemAt: [lengthsMs, { $subtract: [{ $min: ["$level", lengthsMs.length] }, 1] }] };
  const of = { application: literal(application), kind, label: literal(label), cause, enforced };
  return [
    { $set: { isNew: { $not: [isRunning] }, at: now } },
    {
      $replaceWith: {
        $mergeObjects: [
          "$$ROOT",
          { $cond: ["$isNew", { ...of, level, since: now, hits: 0 }, { enforced: { $or: ["$enforced", enforced] } }] },
        ],
      },
    },
    { $set: { until: { $cond: ["$isNew", { $add: [now, lengthMs] }, "$until"] } } },
    { $set: { purgeAt: { $add: ["$until", forgetBlocksMs] } } },
  ];
}

function readTraffic({ sent, delivered, verified, lines, at, verifiedAt }: TrafficDocument): Traffic {
  return { sent, delivered, verified, lines, at: at.getTime(), ...(verifiedAt && { verifiedAt: verifiedAt.getTime() }) };
}

const blockFields = { application: 1, kind: 1, label: 1, cause: 1, level: 1, since: 1, until: 1, enforced: 1, hits: 1 } as const;

const readBlock = ({ _id, application, kind, label, cause, level, since, until, enforced, hits }: BlockDocument): Block => ({
  key: _id,
  application,
  kind,
  label,
  cause,
  level,
  since: since.getTime(),
  until: until.getTime(),
  enforced,
  hits,
});
