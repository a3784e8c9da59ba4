import type { DatabaseSync, StatementSync } from "node:sqlite";
import { isActive } from "../otp/authenticator.ts";
import { type ChallengeRef, forgetFailuresMs, type Ledger } from "../otp/ledger.ts";
import { never, purgeAt } from "../otp/ledger-limits.ts";
import { wakeAt } from "../otp/ledger-messages.ts";
import type { LedgerLimits } from "../otp/types.ts";
import { dueIn } from "./due-fallbacks.ts";

/** The rows of the table, read and written inside a transaction that someone else began. */
export type Ledgers = {
  /** The store's clock, once for the whole transaction: it is one moment to every other. */
  now(): number;
  find(id: string): Row | undefined;
  insert(id: string, ledger: Ledger, limits: LedgerLimits, now: number): void;
  /** Without limits, purges no earlier than before; writes nothing when nothing has changed. */
  update(row: Row, limits: LedgerLimits | undefined, now: number): void;
  /** The next ones, for who goes through all of them; a damaged one has no ledger. */
  after(
    number: number,
    limit: number,
  ): { readonly number: number; readonly id: string; readonly updatedAt: number; readonly ledger?: Ledger }[];
  /** The challenges whose fallback may be due, longest due first. */
  due(before: number, limit: number): ChallengeRef[];
  /** Writes, and changes nothing: only so it shows whether the disk takes what is written. */
  touch(): void;
  /** False when nothing was known of it. */
  erase(id: string): boolean;
  /** Removes some ledgers in which nothing can matter any more; says how many. */
  purge(): number;
};

export type Row = {
  readonly number: number;
  readonly ledger: Ledger;
  readonly record: string;
  readonly updatedAt: number;
  readonly purgeAt: number;
  readonly wakeAt: number | null;
};

/** Enough for 4,000 new recipients per second, and never a long stall. */
export const purgedAtOnce = 200;

/** Coarse, so that few operations move their row in the index. */
const purgeGrainMs = 3_600_000;

const sql = {
  now: "SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER)",
  find: "SELECT number, application, record, updated_at, purge_at, wake_at FROM ledgers WHERE id = ?",
  insert: "INSERT INTO ledgers (id, application, record, updated_at, purge_at, wake_at) VALUES (?, ?, ?, ?, ?, ?)",
  update: "UPDATE ledgers SET record = ?, updated_at = ? WHERE number = ?",
  move: "UPDATE ledgers SET record = ?, updated_at = ?, purge_at = ?, wake_at = ? WHERE number = ?",
  after: "SELECT number, id, application, record, updated_at FROM ledgers WHERE number > ? ORDER BY number LIMIT ?",
  due: "SELECT id, application, record FROM ledgers WHERE wake_at <= ? ORDER BY wake_at LIMIT ?",
  erase: "DELETE FROM ledgers WHERE id = ?",
  purge: `DELETE FROM ledgers WHERE number IN (
    SELECT number FROM ledgers WHERE purge_at <= unixepoch() * 1000 ORDER BY purge_at LIMIT ${purgedAtOnce})`,
} as const;

export function createLedgers(connection: DatabaseSync): Ledgers {
  const statements = prepare(connection);
  const { user_version: version } = connection.prepare("PRAGMA user_version").get() ?? {};
  const touch = connection.prepare(`PRAGMA user_version = ${Number(version)}`);
  return {
    touch: () => void touch.run(),
    now: () => (statements.now.get() as unknown as [number])[0],
    find: (id) => readRow(statements.find.get(id)),
    insert: (id, ledger, limits, now) => {
      const purge = coarsely(purgeAt(ledger, limits, now));
      statements.insert.run(id, ledger.application, writeRecord(ledger), now, purge, wakeAt(ledger) ?? null);
    },
    update: (row, limits, now) => {
      const record = writeRecord(row.ledger);
      if (record === row.record) return;
      const purge = limits ? coarsely(purgeAt(row.ledger, limits, now)) : purgeAsBefore(row, now);
      const wake = wakeAt(row.ledger) ?? null;
      if (purge === row.purgeAt && wake === row.wakeAt) statements.update.run(record, now, row.number);
      else statements.move.run(record, now, purge, wake, row.number);
    },
    after: (number, limit) => {
      const found = statements.after.all(number, limit) as unknown as [number, string, string, string, number][];
      return found.map(([at, id, application, record, updatedAt]) => {
        const ledger = ledgerIn(application, record);
        return { number: at, id, updatedAt, ...(ledger && { ledger }) };
      });
    },
    due: (before, limit) => {
      const found = statements.due.all(before, limit) as unknown as [string, string, string][];
      return found.flatMap((row) => dueInRow(row, before)).slice(0, limit);
    },
    erase: (id) => statements.erase.run(id).changes === 1,
    purge: () => Number(statements.purge.run().changes),
  };
}

function prepare(connection: DatabaseSync): Record<keyof typeof sql, StatementSync> {
  const prepared = (text: string) => {
    const statement = connection.prepare(text);
    statement.setReturnArrays(true);
    return statement;
  };
  return {
    now: prepared(sql.now),
    find: prepared(sql.find),
    insert: prepared(sql.insert),
    update: prepared(sql.update),
    move: prepared(sql.move),
    after: prepared(sql.after),
    due: prepared(sql.due),
    erase: prepared(sql.erase),
    purge: prepared(sql.purge),
  };
}

function readRow(found: unknown): Row | undefined {
  if (!found) return undefined;
  const [number, application, record, updatedAt, purge, wake] = found as [number, string, string, number, number, number | null];
  return { number, ledger: { application, ...readRecord(record) }, record, updatedAt, purgeAt: purge, wakeAt: wake };
}

type Recorded = Omit<Ledger, "application">;

const writeRecord = ({ sends, failures, failuresInRow, challenges, authenticators }: Ledger): string =>
  JSON.stringify({ sends, failures, failuresInRow, challenges, ...(authenticators && { authenticators }) } satisfies Recorded);

function readRecord(record: string): Recorded {
  try {
    return JSON.parse(record) as Recorded;
  } catch {
    // The parser's own message would quote the ledger.
    throw new Error("a stored ledger is damaged");
  }
}

function dueInRow([id, application, record]: [string, string, string], before: number): ChallengeRef[] {
  const ledger = ledgerIn(application, record);
  return ledger ? dueIn(ledger, id, before) : [];
}

/** A damaged one is told of to whoever asks for it by name; here it would keep all others from being found. */
function ledgerIn(application: string, record: string): Ledger | undefined {
  try {
    return { application, ...readRecord(record) };
  } catch {
    return undefined;
  }
}

/** Where no limits are known: an authenticator keeps its ledger, and the last one to go takes that back. */
function purgeAsBefore(row: Row, now: number): number {
  if (Object.values(row.ledger.authenticators ?? {}).some(isActive)) return never;
  return row.purgeAt === never ? coarsely(now + forgetFailuresMs) : row.purgeAt;
}

/** `never` is a multiple of the grain. */
const coarsely = (moment: number): number => Math.ceil(moment / purgeGrainMs) * purgeGrainMs;
