import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Ledger } from "../otp/ledger.ts";
import { purgeAt } from "../otp/ledger-limits.ts";
import type { LedgerLimits } from "../otp/types.ts";

/** The rows of the table, read and written inside a transaction that someone else began. */
export type Ledgers = {
  /** The store's clock, once for the whole transaction: it is one moment to every other. */
  now(): number;
  find(id: string): Row | undefined;
  insert(id: string, ledger: Ledger, limits: LedgerLimits, now: number): void;
  /** Keeps the moment of purging where no limits say otherwise; writes nothing when nothing has changed. */
  update(row: Row, limits: LedgerLimits | undefined, now: number): void;
  /** Removes some ledgers in which nothing can matter any more; says how many. */
  purge(): number;
};

export type Row = {
  readonly number: number;
  readonly ledger: Ledger;
  readonly body: string;
  readonly updatedAt: number;
  readonly purgeAt: number;
};

/** Enough for 4,000 new recipients per second, and never a long stall. */
export const purgedAtOnce = 200;

/** Coarse, so that few operations move their row in the index. */
const purgeGrainMs = 3_600_000;

const sql = {
  now: "SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER)",
  find: "SELECT number, application, body, updated_at, purge_at FROM ledgers WHERE id = ?",
  insert: "INSERT INTO ledgers (id, application, body, updated_at, purge_at) VALUES (?, ?, ?, ?, ?)",
  update: "UPDATE ledgers SET body = ?, updated_at = ? WHERE number = ?",
  move: "UPDATE ledgers SET body = ?, updated_at = ?, purge_at = ? WHERE number = ?",
  purge: `DELETE FROM ledgers WHERE number IN (
    SELECT number FROM ledgers WHERE purge_at <= unixepoch() * 1000 ORDER BY purge_at LIMIT ${purgedAtOnce})`,
} as const;

export function createLedgers(connection: DatabaseSync): Ledgers {
  const statements = prepare(connection);
  return {
    now: () => (statements.now.get() as unknown as [number])[0],
    find: (id) => readRow(statements.find.get(id)),
    insert: (id, ledger, limits, now) => {
      statements.insert.run(id, ledger.application, writeBody(ledger), now, coarsePurgeAt(ledger, limits, now));
    },
    update: (row, limits, now) => {
      const body = writeBody(row.ledger);
      if (body === row.body) return;
      const purge = limits ? coarsePurgeAt(row.ledger, limits, now) : row.purgeAt;
      if (purge === row.purgeAt) statements.update.run(body, now, row.number);
      else statements.move.run(body, now, purge, row.number);
    },
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
    purge: prepared(sql.purge),
  };
}

function readRow(found: unknown): Row | undefined {
  if (!found) return undefined;
  const [number, application, body, updatedAt, purge] = found as [number, string, string, number, number];
  return { number, ledger: { application, ...readBody(body) }, body, updatedAt, purgeAt: purge };
}

type Body = Omit<Ledger, "application">;

const writeBody = ({ sends, failures, failuresInRow, challenges }: Ledger): string =>
  JSON.stringify({ sends, failures, failuresInRow, challenges } satisfies Body);

function readBody(body: string): Body {
  try {
    return JSON.parse(body) as Body;
  } catch {
    // The parser's own message would quote the ledger.
    throw new Error("a stored ledger is damaged");
  }
}

const coarsePurgeAt = (ledger: Ledger, limits: LedgerLimits, now: number): number =>
  Math.ceil(purgeAt(ledger, limits, now) / purgeGrainMs) * purgeGrainMs;
