/** The rules of `otp/limit-counter.ts` as update pipelines, which know the database's own clock. */
import type { AnyBulkWriteOperation } from "mongodb";
import { bucketAt, bucketMs, bucketsPerWindow, keepMs, type LimitTake } from "../otp/limit-counter.ts";
import type { Expression } from "./mongo-expressions.ts";

export type LimitDocument = {
  readonly _id: string;
  readonly at: Date;
  /** By window (`ms600000`): the buckets, oldest first, and their sum as it was when they were last written. */
  readonly w: Readonly<Record<string, { readonly n: number; readonly b: readonly { readonly i: number; readonly n: number }[] }>>;
  readonly purgeAt: Date;
};

type Write = AnyBulkWriteOperation<LimitDocument>;
type Buckets = (windowMs: number) => Expression;

/**
 * Matches a counter that had room when it was last written, and has more by now if anything. Where there is none, the upsert makes it;
 * where it is full, the upsert meets it in the index. Not retried by the server, since it is more than an equality.
 */
export const takeWrite = (take: LimitTake): Write => ({
  updateOne: {
    filter: {
      _id: take.id,
      ...Object.fromEntries(take.windows.map(({ windowMs, max }) => [`${path(windowMs)}.n`, { $lte: max - take.amount }])),
    },
    update: pipeline(take, (windowMs) => withAmount(windowMs, take.amount)),
    upsert: true,
  },
});

/** Drops what is over. Windows that are new in the configuration begin empty. */
export const freshenWrite = (take: LimitTake): Write => ({ updateOne: { filter: { _id: take.id }, update: pipeline(take, live) } });

/** `since`: the earliest moment of the take, by the database's clock. */
export const giveBackWrite = (take: LimitTake, since: number): Write => ({
  updateOne: { filter: { _id: take.id }, update: pipeline(take, (windowMs) => drained(windowMs, take.amount, bucketAt(since, windowMs))) },
});

function pipeline(take: LimitTake, buckets: Buckets): Record<string, Expression>[] {
  const each = (name: string, value: Buckets) =>
    take.windows.map(({ windowMs }): [string, Expression] => [`${path(windowMs)}.${name}`, value(windowMs)]);
  return [
    { $set: { at: { $max: ["$at", "$$NOW"] } } },
    { $set: Object.fromEntries(each("b", buckets)) },
    {
      $set: {
        ...Object.fromEntries(each("n", (windowMs) => ({ $sum: `$${path(windowMs)}.b.n` }))),
        purgeAt: { $max: ["$purgeAt", { $add: ["$at", keepMs(take)] }] },
      },
    },
  ];
}

/** A name of digits only could be a position in a list. */
const path = (windowMs: number): string => `w.ms${windowMs}`;

const bucketNow = (windowMs: number): Expression => ({ $floor: { $divide: [{ $toLong: "$at" }, bucketMs(windowMs)] } });
const oldestNow = (windowMs: number): Expression => ({ $subtract: [bucketNow(windowMs), bucketsPerWindow] });

const stored = (windowMs: number): Expression => ({ $ifNull: [`$${path(windowMs)}.b`, []] });

const live = (windowMs: number): Expression => ({
  $let: {
    vars: { oldest: oldestNow(windowMs) },
    in: { $filter: { input: stored(windowMs), cond: { $gte: ["$$this.i", "$$oldest"] } } },
  },
});

const withAmount = (windowMs: number, amount: number): Expression => ({
  $let: {
    vars: { live: live(windowMs), i: bucketNow(windowMs) },
    in: {
      $concatArrays: [
        { $filter: { input: "$$live", cond: { $lt: ["$$this.i", "$$i"] } } },
        [
          {
            i: "$$i",
            n: { $add: [amount, { $sum: { $map: { input: "$$live", in: { $cond: [{ $eq: ["$$this.i", "$$i"] }, "$$this.n", 0] } } } }] },
          },
        ],
      ],
    },
  },
});

/** `of`: what is still to be given back, and the buckets it was looked for in. */
const drained = (windowMs: number, amount: number, from: number): Expression => ({
  $let: {
    vars: {
      of: {
        $reduce: {
          input: live(windowMs),
          initialValue: { left: { $cond: [{ $lt: [from, oldestNow(windowMs)] }, 0, amount] }, b: [] },
          in: drainOne(from),
        },
      },
    },
    in: "$$of.b",
  },
});

const drainOne = (from: number): Expression => ({
  $let: {
    vars: { back: { $cond: [{ $gte: ["$$this.i", from] }, { $min: ["$$value.left", "$$this.n"] }, 0] } },
    in: {
      left: { $subtract: ["$$value.left", "$$back"] },
      b: { $concatArrays: ["$$value.b", [{ i: "$$this.i", n: { $subtract: ["$$this.n", "$$back"] } }]] },
    },
  },
});
