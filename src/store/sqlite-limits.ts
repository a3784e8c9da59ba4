import type { DatabaseSync } from "node:sqlite";
import {
  type Counter,
  earliest,
  emptyCounter,
  findFull,
  type GiveBack,
  giveBackTo,
  keepMs,
  type LimitTake,
  type TakeOutcome,
  takeFrom,
} from "../otp/limit-counter.ts";

/** The counters, read and written inside a transaction that someone else began. */
export type Limits = {
  take(takes: readonly LimitTake[], now: number): TakeOutcome;
  giveBack(request: GiveBack, now: number): void;
  /** Removes some that no window asks about any more; says how many. */
  purge(): number;
};

export const limitsSchema = `
  CREATE TABLE limits (
    id TEXT PRIMARY KEY,
    counter TEXT NOT NULL,
    purge_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX limits_purge_at ON limits (purge_at);
`;

const sql = {
  find: "SELECT counter FROM limits WHERE id = ?",
  write: `INSERT INTO limits (id, counter, purge_at) VALUES (?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET counter = excluded.counter, purge_at = max(purge_at, excluded.purge_at)`,
  purge: `DELETE FROM limits WHERE id IN (
    SELECT id FROM limits WHERE purge_at <= unixepoch() * 1000 ORDER BY purge_at LIMIT `,
} as const;

/** Coarse, so that few takes move their row in the index. */
const purgeGrainMs = 3_600_000;

export function createLimits(connection: DatabaseSync, purgedAtOnce: number): Limits {
  const find = connection.prepare(sql.find);
  const write = connection.prepare(sql.write);
  const purge = connection.prepare(`${sql.purge}${purgedAtOnce})`);
  const read = (id: string): Counter | undefined => readCounter(find.get(id)?.counter);
  const put = (take: LimitTake, counter: Counter): void => {
    const purgeAt = Math.ceil((counter.at + keepMs(take)) / purgeGrainMs) * purgeGrainMs;
    write.run(take.id, JSON.stringify(counter), purgeAt);
  };
  return {
    take(takes, now) {
      const asked = takes.map((take) => ({ take, counter: read(take.id) ?? emptyCounter }));
      const full = asked.flatMap(({ take, counter }) => findFull(counter, take, now) ?? []);
      const isFull = ({ id }: LimitTake) => full.some((each) => each.id === id);
      const refusing = takes.filter((take) => !take.isAdvisory && isFull(take));
      if (refusing.length > 0) return { status: "full", full: full.filter(({ id }) => refusing.some((take) => take.id === id)) };
      for (const { take, counter } of asked) if (!isFull(take)) put(take, takeFrom(counter, take, now));
      return { status: "taken", full };
    },
    giveBack({ takes, beganAtMs }, now) {
      const since = earliest(now, beganAtMs);
      for (const take of takes) {
        const counter = read(take.id);
        if (counter) put(take, giveBackTo(counter, take, { now, since }));
      }
    },
    purge: () => Number(purge.run().changes),
  };
}

const readCounter = (text: unknown): Counter | undefined => (typeof text === "string" ? (JSON.parse(text) as Counter) : undefined);
