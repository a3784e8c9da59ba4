import { type AnyBulkWriteOperation, type Collection, type Db, MongoBulkWriteError } from "mongodb";
import {
  type Counter,
  canEverFit,
  earliest,
  type FullCounter,
  findFull,
  type LimitTake,
  monotonicMs,
  type TakeOutcome,
} from "../otp/limit-counter.ts";
import { StoreUnavailable } from "../otp/refusal.ts";
import type { LimitStore } from "../otp/store-ports.ts";
import { isDuplicateKeyWrite, isNotDurable } from "./mongo-failure.ts";
import { freshenWrite, giveBackWrite, type LimitDocument, takeWrite } from "./mongo-limit-writes.ts";

type Limits = Collection<LimitDocument>;
type Run = <T>(key: string, operation: () => Promise<T>) => Promise<T>;

/**
 * Counters, one document each. A take is one ordered bulk write of conditional upserts: it stops at the first counter that is full,
 * which answers with a duplicate key. So does a first use that raced with another, and a counter that was full when it was
 * last written: no filter knows the clock. So a duplicate key is looked into before it is believed, and what was taken before it is
 * given back in one further write. Until that is written others may be refused that would fit; nobody gets through that would not.
 * A process that dies in between leaves counters too high until their windows have passed. `run` bounds and guards one trip.
 *
 * DocumentDB holds what a bulk write has written until its end: two calls that take the same counters in another order would wait for
 * each other.
 */
export function createLimits(db: () => Db, run: Run): LimitStore {
  let turns = 0;
  const tripsOf = (key: string): Trips => {
    const beganAtMs = monotonicMs();
    const lane = `${key} ${turns++ % lanesPerCounter}`;
    return { beganAtMs, trip: (operation) => run(lane, () => operation(db().collection<LimitDocument>("limits"))) };
  };
  return {
    async takeLimits(takes) {
      const [first] = takes;
      if (!first) return { status: "taken", full: [] };
      const trips = tripsOf(first.id);
      const hopeless = takes.filter((take) => !canEverFit(take));
      if (hopeless.some(({ isAdvisory }) => !isAdvisory)) return refuse(await look(trips, takes), takes);
      const outcome = await takeInTurn(trips, takes.filter(canEverFit));
      return { ...outcome, full: [...(outcome.status === "taken" ? hopeless.map(hopelesslyFull) : []), ...outcome.full] };
    },
    async giveBackLimits({ takes, beganAtMs }) {
      const [first] = takes;
      if (!first) return;
      const trips = { ...tripsOf(first.id), beganAtMs };
      await giveBack(trips, takes, await look(trips, takes));
    },
  };
}

/** Trips to the database for one take. */
type Trips = { readonly beganAtMs: number; readonly trip: <T>(operation: (limits: Limits) => Promise<T>) => Promise<T> };

/** Whoever hammers one counter holds no more connections than this. */
const lanesPerCounter = 2;
/** How often a counter may turn out to have room after all, and yet be full when it is taken from. */
const maxTries = 8;
const busyRetryMs = 1_000;

async function takeInTurn(trips: Trips, wanted: readonly LimitTake[]): Promise<TakeOutcome> {
  const taken: LimitTake[] = [];
  const full: FullCounter[] = [];
  let rest = wanted;
  let isStale = false;
  for (let tries = 1; rest.length > 0; tries++) {
    const count = await takeUntilFull(trips, rest, isStale);
    taken.push(...rest.slice(0, count));
    rest = rest.slice(count);
    const [stopper] = rest;
    if (!stopper) break;
    if (count > 0) tries = 1;
    const seen = await look(trips, [...taken, ...rest]);
    const believed = findSeenFull(seen, stopper) ?? (tries === maxTries ? busy(stopper) : undefined);
    isStale = believed === undefined;
    if (!believed) continue;
    if (!stopper.isAdvisory) {
      await giveBack(trips, taken, seen);
      return { status: "full", full: [believed, ...refuse(seen, rest.slice(1)).full] };
    }
    full.push(believed);
    rest = rest.slice(1);
  }
  return { status: "taken", full };
}

/** How many were taken before one answered with a duplicate key. `isStale`: the first of them is brought up to the clock before. */
async function takeUntilFull({ trip }: Trips, takes: readonly LimitTake[], isStale: boolean): Promise<number> {
  const fresh = takes.slice(0, isStale ? 1 : 0).map(freshenWrite);
  const stoppedAt = await trip((limits) => writeInOrder(limits, [...fresh, ...takes.map(takeWrite)]));
  return stoppedAt === undefined ? takes.length : stoppedAt - fresh.length;
}

async function writeInOrder(limits: Limits, writes: AnyBulkWriteOperation<LimitDocument>[]): Promise<number | undefined> {
  try {
    await limits.bulkWrite(writes, { ordered: true });
    return undefined;
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError)) throw error;
    const [failed, ...others] = [error.writeErrors].flat();
    if (!failed || others.length > 0 || !isDuplicateKeyWrite(failed)) throw error;
    // The writes before it may not outlast a failover.
    if (isNotDurable(error)) throw new StoreUnavailable(error);
    return failed.index;
  }
}

async function giveBack({ trip }: Trips, takes: readonly LimitTake[], { since }: Seen): Promise<void> {
  if (takes.length === 0 || since === undefined) return;
  const writes = takes.map((take) => giveBackWrite(take, since));
  await trip((limits) => limits.bulkWrite(writes, { ordered: false }));
}

type Seen = {
  readonly counters: ReadonlyMap<string, { readonly counter: Counter; readonly now: number }>;
  /** The earliest moment of what was taken, by the database's clock; undefined where nothing was found. */
  readonly since: number | undefined;
};

async function look({ trip, beganAtMs }: Trips, takes: readonly LimitTake[]): Promise<Seen> {
  const filter = { _id: { $in: takes.map(({ id }) => id) } };
  const projection = { at: 1, w: 1, now: "$$NOW" };
  const found = await trip((limits) => limits.find<LimitDocument & { readonly now: Date }>(filter, { projection }).toArray());
  const [first] = found;
  return {
    counters: new Map(found.map((document) => [document._id, { counter: counterOf(document), now: Number(document.now) }])),
    since: first && earliest(Number(first.now), beganAtMs),
  };
}

const counterOf = ({ at, w }: LimitDocument): Counter => ({
  at: Number(at),
  buckets: Object.fromEntries(Object.entries(w).map(([field, { b }]) => [field.slice(2), b])),
});

function findSeenFull(seen: Seen, take: LimitTake): FullCounter | undefined {
  const found = seen.counters.get(take.id);
  if (!canEverFit(take)) return hopelesslyFull(take);
  return found && findFull(found.counter, take, found.now);
}

const refuse = (seen: Seen, takes: readonly LimitTake[]): TakeOutcome => ({
  status: "full",
  full: takes.flatMap((take) => (take.isAdvisory ? [] : (findSeenFull(seen, take) ?? []))),
});

function hopelesslyFull({ id, amount, windows }: LimitTake): FullCounter {
  return { id, windowMs: windows.find(({ max }) => amount > max)?.windowMs ?? 0 };
}

/** So contended that it was never the turn of this take. */
const busy = ({ id, windows }: LimitTake): FullCounter => ({ id, windowMs: windows[0]?.windowMs ?? 0, retryAfterMs: busyRetryMs });
