import { randomBytes } from "node:crypto";
import type { AnyBulkWriteOperation } from "mongodb";
import { StoreUnavailable } from "../otp/refusal.ts";
import type { Ledgers, MongoConnection } from "./mongo-connection.ts";
import type { LedgerDocument, LedgerReturned } from "./mongo-document.ts";
import { byLedger } from "./mongo-ledgers.ts";
import type { Pipeline } from "./mongo-pipelines.ts";

/** A decision about one ledger that can be made by itself, or in one bulk write with others. */
export type GroupedWrite<T> = Pick<LedgerDocument, "application"> & {
  readonly ledger: string;
  readonly upsert: boolean;
  /** Leaves in the record, under a mark that no other write has, what became of it. */
  pipeline(mark: string): Pipeline;
  /** The fields that `outcome` asks for. */
  readonly fields: readonly string[];
  /** What the record, as it is afterwards, tells of the write with this mark; undefined where the write changed nothing, as far as it tells. */
  outcome(found: LedgerReturned | undefined, mark: string): T | undefined;
  alone(ledgers: Ledgers): Promise<T>;
};

export type Decide = <T>(write: GroupedWrite<T>) => Promise<T>;

export type GroupOptions = {
  /** Whoever waited longer for his turn is told that the store is not available, and nothing was written. */
  readonly maxWaitMs: number;
  /** How many it takes for a bulk write; less than 2 is for tests. */
  readonly groupFrom?: number | undefined;
};

/** More would make the first wait for the last. */
const maxGroup = 32;
const maxUnderWay = 2;
/** As many as may be under way at all; see `mongo-connection.ts`. */
const maxWaiting = 2_048;

type Waiting = {
  readonly write: GroupedWrite<unknown>;
  readonly mark: string;
  readonly since: number;
  resolve(outcome: unknown): void;
  reject(error: unknown): void;
};

/**
 * Decides by themselves the few that come one by one, and together those that come while others are under way: a bulk write, in which
 * each is still one atomic update of its record, and a read of what they left. Between the two somebody else may write to the same
 * record, so no outcome is taken from what the last writer left there: only from what carries the write's own mark. A write that
 * left no mark changed nothing, and is made again by itself. The caller sees to it that no two writes to one ledger are in here at once.
 */
export function createGroups({ run }: Pick<MongoConnection, "run">, options: GroupOptions): Decide {
  const { maxWaitMs, groupFrom = 2 } = options;
  const newMark = createMarks();
  const waiting: Waiting[] = [];
  let underWay = 0;
  let isPlanned = false;

  // What one turn of the event loop brings goes together.
  const plan = (): void => {
    if (isPlanned || underWay >= maxUnderWay || waiting.length === 0) return;
    isPlanned = true;
    setImmediate(begin);
  };
  const begin = (): void => {
    isPlanned = false;
    underWay += 1;
    void decideAll(waiting.splice(0, maxGroup)).finally(() => {
      underWay -= 1;
      plan();
    });
    plan();
  };

  const decideAll = async (taken: readonly Waiting[]): Promise<void> => {
    const tooLate = performance.now() - maxWaitMs;
    for (const { since, reject } of taken) if (since < tooLate) reject(tooMany());
    const group = taken.filter(({ since }) => since >= tooLate);
    if (group.length < groupFrom) await Promise.all(group.map(decideAlone));
    else await decideTogether(group).catch((error: unknown) => group.forEach(({ reject }) => void reject(error)));
  };
  const decideAlone = ({ write, resolve, reject }: Waiting): Promise<void> => run((ledgers) => write.alone(ledgers)).then(resolve, reject);

  const decideTogether = async (group: readonly Waiting[]): Promise<void> => {
    const writes = group.toSorted((a, b) => byLedger(a.write, b.write)).flatMap(bulkWriteOf);
    await run((ledgers) => ledgers.bulkWrite(writes, { ordered: false })).catch((error: unknown) => {
      // Whoever could not be written, for whatever other reason, left no mark, and meets that reason by himself.
      if (error instanceof StoreUnavailable) throw error;
    });
    const projection = Object.fromEntries(["application", ...group.flatMap(({ write }) => write.fields)].map((field) => [field, 1]));
    const filter = { _id: { $in: group.map(({ write }) => write.ledger) } };
    const found = await run((ledgers) => ledgers.find<Found>(filter, { ...readBack, projection }).toArray());
    const byId = new Map(found.map((each) => [each._id, each]));
    await Promise.all(group.map((each) => tell(each, byId.get(each.write.ledger))));
  };
  const tell = async (each: Waiting, found: Found | undefined): Promise<void> => {
    const { write, mark, resolve, reject } = each;
    try {
      const outcome = write.outcome(found?.application === write.application ? found : undefined, mark);
      if (outcome === undefined) await decideAlone(each);
      else resolve(outcome);
    } catch (error) {
      reject(error);
    }
  };

  return <T>(write: GroupedWrite<T>): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (waiting.length >= maxWaiting) throw tooMany();
      const since = performance.now();
      waiting.push({ write, mark: newMark(), since, resolve: resolve as Waiting["resolve"], reject });
      plan();
    });
}

/**
 * What a majority has is on every primary, but one that was just elected may not know yet that a majority has it: so not by `majority`. One
 * batch, so that there is no cursor to go back to.
 */
const readBack = { readConcern: { level: "local" }, batchSize: maxGroup + 1 } as const;

type Found = LedgerReturned & Pick<LedgerDocument, "_id" | "application">;

const tooMany = (): StoreUnavailable => new StoreUnavailable(new Error("too many calls are waiting for the database"));

/** None for what cannot even be put into words. */
function bulkWriteOf({ write, mark }: Waiting): AnyBulkWriteOperation<LedgerDocument>[] {
  const { ledger, application, upsert } = write;
  try {
    const updateOne = { filter: { _id: ledger, application }, update: write.pipeline(mark), upsert };
    return [{ updateOne } as AnyBulkWriteOperation<LedgerDocument>];
  } catch {
    return [];
  }
}

/** Told apart from those of every other process by what they begin with. */
function createMarks(): () => string {
  const ofProcess = randomBytes(6).toString("base64url");
  let count = 0;
  return () => `${ofProcess}${(count++).toString(36)}`;
}
