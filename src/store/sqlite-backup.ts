import { copyFileSync, existsSync } from "node:fs";
import { backup, DatabaseSync } from "node:sqlite";
import type { Ledger } from "../otp/ledger.ts";
import { type KeysNeeded, noteKeys } from "../otp/restored-ledger.ts";
import { type BackupNotes, BackupRefused, type Progress, writeWhole } from "./backup-file.ts";
import { isOurs } from "./sqlite-database.ts";

type BackUp = {
  readonly path: string;
  readonly to: string;
  readonly ledgerKey: string;
  onProgress(progress: Progress): void;
};

const lockPatienceMs = 5_000;
/** Small enough that nobody who writes has to wait. */
const pagesAtOnce = 500;

/**
 * Copies the file as it is at one moment, while the service writes to it. The transaction pins that moment: without it every commit of
 * another process would begin the copy anew (https://www.sqlite.org/c3ref/backup_finish.html).
 */
export async function backUpSqlite({ path, to, ledgerKey, onProgress }: BackUp): Promise<BackupNotes> {
  if (!existsSync(path)) throw new BackupRefused(`the SQLite store ${path} does not exist`);
  return writeWhole(to, async (part) => {
    const source = new DatabaseSync(path, { timeout: lockPatienceMs });
    try {
      if (!isOurs(source)) throw new BackupRefused(`${path} is not a store of this program's version: run the program that wrote it`);
      source.exec("BEGIN");
      const { at } = source.prepare("SELECT strftime('%FT%TZ', 'now') AS at FROM sqlite_schema LIMIT 1").get() as { at: string };
      await backup(source, part, {
        rate: pagesAtOnce,
        progress: ({ totalPages, remainingPages }) => onProgress({ done: totalPages - remainingPages, total: totalPages }),
      });
      return annotate(part, { at, ledgerKey });
    } finally {
      source.close();
    }
  });
}

/** Makes the copy one file that stands for itself, and looks whether it is whole. */
function annotate(part: string, known: Pick<BackupNotes, "at" | "ledgerKey">): BackupNotes {
  const copy = new DatabaseSync(part);
  try {
    copy.exec("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL");
    assertWhole(copy, part);
    const keys: KeysNeeded = { codeKeys: new Set(), authenticatorKeys: new Set() };
    let ledgers = 0;
    for (const { record } of copy.prepare("SELECT record FROM ledgers").iterate() as Iterable<{ record: string }>) {
      noteKeys(readRecord(record), keys);
      ledgers += 1;
    }
    const notes = { ...known, ledgers, codeKeys: [...keys.codeKeys].sort(), authenticatorKeys: [...keys.authenticatorKeys].sort() };
    copy.exec("CREATE TABLE backup (notes TEXT NOT NULL) STRICT");
    copy.prepare("INSERT INTO backup VALUES (?)").run(JSON.stringify(notes));
    return notes;
  } finally {
    copy.close();
  }
}

/** A damaged record is copied as it is, and told of to whoever asks for it by name. */
function readRecord(record: string): Pick<Ledger, "challenges" | "authenticators"> {
  try {
    return JSON.parse(record) as Ledger;
  } catch {
    return { challenges: {} };
  }
}

export function assertWhole(connection: DatabaseSync, path: string): void {
  const found = connection.prepare("PRAGMA integrity_check(1)").get()?.integrity_check;
  if (found !== "ok") throw new BackupRefused(`${path} is damaged: ${String(found)}`);
}

/** What a backup says of itself; does not change the file. */
export function readSqliteNotes(path: string): BackupNotes {
  const connection = new DatabaseSync(path, { readOnly: true });
  try {
    assertWhole(connection, path);
    const found = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'backup'").get();
    if (!found) throw new BackupRefused(`${path} is a store, and no backup that the command backup made`);
    return JSON.parse(String(connection.prepare("SELECT notes FROM backup").get()?.notes)) as BackupNotes;
  } finally {
    connection.close();
  }
}

export const copyTo = (part: string, from: string): void => copyFileSync(from, part);
