import { closeSync, existsSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { limitsSchema } from "./sqlite-limits.ts";
import type { WorkerSettings } from "./sqlite-protocol.ts";
import { redemptionsSchema } from "./sqlite-redemptions.ts";
import { trafficSchema } from "./sqlite-traffic.ts";
import { begin, inTransaction, whenFree } from "./sqlite-transaction.ts";

/** "CSGN" in ASCII: tells our files from other programs' (https://www.sqlite.org/pragma.html#pragma_application_id). */
const applicationId = 0x4353474e;
const schemaVersion = 2;
const openPatienceMs = 3_000;

const schema = `
  CREATE TABLE ledgers (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    application TEXT NOT NULL,
    record TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    purge_at INTEGER NOT NULL,
    wake_at INTEGER
  ) STRICT;
  CREATE INDEX ledgers_purge_at ON ledgers (purge_at);
  CREATE INDEX ledgers_wake_at ON ledgers (wake_at) WHERE wake_at IS NOT NULL;
  ${redemptionsSchema}
  ${limitsSchema}
  ${trafficSchema}
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`;

/**
 * From each older version to the next. The first one renames a column to stop processes of the older program that have the file
 * open: they would drop authenticators from the records they write, and charge no subject. Their next statement fails, they open
 * the file anew, and are told its version.
 */
const migrations: Readonly<Record<number, string>> = {
  1: `
  ALTER TABLE ledgers RENAME COLUMN body TO record;
  ALTER TABLE ledgers ADD COLUMN wake_at INTEGER;
  CREATE INDEX ledgers_wake_at ON ledgers (wake_at) WHERE wake_at IS NOT NULL;
  ${limitsSchema}
  ${trafficSchema}
  PRAGMA user_version = 2;
`,
};

/** Opens the file, makes it where allowed, and checks that it is ours. Its errors name the path and what to do. */
export function openDatabase({ path, create }: WorkerSettings): DatabaseSync {
  if (path !== ":memory:") reachFile(path, create);
  let connection: DatabaseSync | undefined;
  try {
    connection = new DatabaseSync(path, { timeout: openPatienceMs });
    keepDurably(connection);
    assertOurs(connection);
    // From here on only `begin` meets another's lock, and waits by itself.
    connection.exec("PRAGMA busy_timeout = 0");
    return connection;
  } catch (error) {
    connection?.close();
    throw explain(path, error);
  }
}

/** SQLite would make the file readable to all, and would silently open a file it may not write for reading only. */
function reachFile(path: string, create: boolean): void {
  if (!create && !existsSync(path)) throw explain(path, "the file has vanished; bring it back, or restart to begin with an empty one");
  try {
    closeSync(openSync(path, create ? "a+" : "r+", 0o600));
  } catch (error) {
    throw explain(path, error);
  }
}

/**
 * WAL with synchronous=FULL flushes the log at every commit; with NORMAL a power cut could bring a used code back.
 * `fullfsync` makes macOS flush the drive's own cache too (https://www.sqlite.org/pragma.html#pragma_fullfsync).
 */
function keepDurably(connection: DatabaseSync): void {
  // Of an empty file only: later nothing but a vacuum changes it, and asking for it would write at each opening.
  whenFree(openPatienceMs, () => {
    if (connection.prepare("PRAGMA page_count").get()?.page_count === 0) connection.exec("PRAGMA auto_vacuum = INCREMENTAL");
  });
  // Of two processes that make the file at once each can hold what the other waits for, and then SQLite does not wait.
  const mode = whenFree(openPatienceMs, () => connection.prepare("PRAGMA journal_mode = WAL").get())?.journal_mode;
  if (mode !== "wal" && mode !== "memory") throw new Error("its file system cannot hold a write-ahead log; use a local disk");
  connection.exec("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA cache_size = -16000; PRAGMA journal_size_limit = 67108864");
}

function assertOurs(connection: DatabaseSync): void {
  if (isCurrent(marksOf(connection))) return;
  begin(connection, openPatienceMs);
  inTransaction(connection, () => {
    // Under the lock, because another process may be making or changing it: half of what is read could be from before.
    const version = versionOf(connection);
    if (version === 0) connection.exec(schema);
    else for (let from = version; from < schemaVersion; from++) connection.exec(migrations[from] as string);
  });
}

type Marks = { readonly owner: unknown; readonly version: unknown };

function marksOf(connection: DatabaseSync): Marks {
  const { application_id: owner } = connection.prepare("PRAGMA application_id").get() ?? {};
  const { user_version: version } = connection.prepare("PRAGMA user_version").get() ?? {};
  return { owner, version };
}

const isCurrent = ({ owner, version }: Marks): boolean => owner === applicationId && version === schemaVersion;

/** Of this program, in its latest version. */
export const isOurs = (connection: DatabaseSync): boolean => isCurrent(marksOf(connection));

/** 0 for an empty database; throws for any other that is not ours. */
function versionOf(connection: DatabaseSync): number {
  const { owner, version } = marksOf(connection);
  if (isCurrent({ owner, version }) || (owner === applicationId && Number(version) in migrations)) return Number(version);
  const isEmpty = connection.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
  if (isEmpty && owner === 0 && version === 0) return 0;
  if (owner !== applicationId) throw new Error("it is another program's database; choose another path");
  throw new Error(`its schema has version ${version}, and this program knows ${schemaVersion}; run the program that wrote it`);
}

const advice: Readonly<Record<string, string>> = {
  ENOENT: "its directory does not exist; create it, or choose another path",
  ENOTDIR: "a part of the path is not a directory; choose another path",
  EISDIR: "it is a directory; name a file in it",
  EACCES: "it may not be read and written; grant this user both on the file and its directory",
  EPERM: "it may not be read and written; grant this user both on the file and its directory",
  EROFS: "it is on a read-only file system; choose another path",
  ENOSPC: "the disk is full; make room",
};

/** By primary result code (https://www.sqlite.org/rescode.html). */
const sqliteAdvice: Readonly<Record<number, string>> = {
  5: "another program holds it locked; stop that program, or choose another path",
  8: advice.EACCES as string,
  10: "its disk does not take or give what is written there; see whether it is full, read-only or failing",
  11: "the file is damaged; restore it from a backup, or choose another path",
  13: "the disk is full; make room",
  14: "its directory must be writable too, for the files ending in -wal and -shm",
  26: "the file is not a database; choose another path",
};

/** What to do about a failure of a file that is open, where that is known. */
export function adviceOn(error: unknown): string | undefined {
  const { errcode } = error as { errcode?: number };
  return errcode === undefined ? undefined : sqliteAdvice[errcode & 0xff];
}

function explain(path: string, cause: unknown): Error {
  const { code = "", message = String(cause) } = cause as { code?: string; message?: string };
  const why = advice[code] ?? adviceOn(cause) ?? message;
  return new Error(`cannot open the SQLite store ${path}: ${why}`, { cause });
}
