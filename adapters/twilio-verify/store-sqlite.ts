import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { VerificationRecord } from "./records.ts";
import { keptMs, type RecordStore } from "./store-port.ts";

const purgeEveryMs = 10_000;

/** Several processes on one machine may share the file. */
export async function openSqliteRecords(path: string, now: () => number): Promise<RecordStore> {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  database.exec(
    `CREATE TABLE IF NOT EXISTS verifications (key TEXT PRIMARY KEY, version TEXT NOT NULL, nonce TEXT NOT NULL,
     challengeId TEXT NOT NULL, sealed TEXT NOT NULL, startedAt INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  );
  database.exec("CREATE INDEX IF NOT EXISTS verificationsStartedAt ON verifications (startedAt)");
  const statements = {
    get: database.prepare("SELECT * FROM verifications WHERE key = ?"),
    insert: database.prepare("INSERT OR IGNORE INTO verifications VALUES (:key, :version, :nonce, :challengeId, :sealed, :startedAt)"),
    update: database.prepare(
      `UPDATE verifications SET version = :version, nonce = :nonce, challengeId = :challengeId, sealed = :sealed, startedAt = :startedAt
       WHERE key = :key AND version = :expected`,
    ),
    remove: database.prepare("DELETE FROM verifications WHERE key = ? AND version = ?"),
    // In bites: every statement holds up the event loop.
    purge: database.prepare("DELETE FROM verifications WHERE key IN (SELECT key FROM verifications WHERE startedAt < ? LIMIT 5000)"),
  };
  const purge = setInterval(() => {
    try {
      statements.purge.run(now() - keptMs);
    } catch {
      // Another process holds the file; the next time will do.
    }
  }, purgeEveryMs);
  purge.unref();
  return {
    get: async (key) => statements.get.get(key) as VerificationRecord | undefined,
    swap: async (key, expected, next) => swap(statements, { key, expected, next }) > 0,
    async close() {
      clearInterval(purge);
      database.close();
    },
  };
}

type Statements = Readonly<Record<"insert" | "update" | "remove", StatementSync>>;
type Swap = { readonly key: string; readonly expected: string | undefined; readonly next: VerificationRecord | undefined };

function swap({ insert, update, remove }: Statements, { key, expected, next }: Swap): number | bigint {
  if (next === undefined) return expected === undefined ? 0 : remove.run(key, expected).changes;
  if (expected === undefined) return insert.run({ ...next }).changes;
  return update.run({ ...next, expected }).changes;
}
