import { closeSync, fsyncSync, linkSync, openSync, readSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";

/** What a backup says of itself. */
export type BackupNotes = {
  /** When it began, by the store's clock: whatever was acknowledged before is in it. */
  readonly at: string;
  /** Tells the ledger key from others, and nothing else of it. */
  readonly ledgerKey: string;
  readonly codeKeys: readonly string[];
  readonly authenticatorKeys: readonly string[];
  readonly ledgers: number;
};

export type Progress = { readonly done: number; readonly total: number };

/** Expected: what the operator has to see to. */
export class BackupRefused extends Error {
  override name = "BackupRefused";
}

/**
 * Makes a file that only its owner may read, and that bears its name once it is whole and on the disk. A file of that name is never
 * overwritten.
 */
export async function writeWhole<T>(path: string, write: (part: string) => Promise<T>): Promise<T> {
  const part = `${path}.part`;
  try {
    closeSync(openSync(path, "r"));
    throw new BackupRefused(`${path} is there already, and is not overwritten: name another file`);
  } catch (error) {
    if (error instanceof BackupRefused || codeOf(error) !== "ENOENT") throw explain(path, error);
  }
  try {
    closeSync(openSync(part, "wx", 0o600));
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw explain(part, error);
    throw new BackupRefused(`${part} is there: another backup is being made, or was interrupted; remove it, and try again`);
  }
  try {
    const written = await write(part);
    flush(part);
    name(part, path);
    return written;
  } catch (error) {
    throw explain(path, error);
  } finally {
    for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(part + suffix, { force: true });
    flush(dirname(path));
  }
}

/** Of which store a file is a backup. */
export function kindOfBackup(path: string): "sqlite" | "mongodb" {
  const start = Buffer.alloc(16);
  try {
    const file = openSync(path, "r");
    readSync(file, start);
    closeSync(file);
  } catch (error) {
    throw explain(path, error);
  }
  if (start.toString("latin1") === "SQLite format 3\0") return "sqlite";
  if (start.readUInt16BE() === 0x1f8b) return "mongodb";
  throw new BackupRefused(`${path} is no backup that the command backup made`);
}

/** A link fails where the name is taken, however short the moment; a file system without links gets a rename. */
function name(part: string, path: string): void {
  try {
    linkSync(part, path);
  } catch (error) {
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(codeOf(error))) throw error;
    renameSync(part, path);
  }
}

function flush(path: string): void {
  const file = openSync(path, "r");
  fsyncSync(file);
  closeSync(file);
}

const advice: Readonly<Record<string, string>> = {
  ENOENT: "it, or its directory, does not exist",
  EEXIST: "it is there already, and is not overwritten: name another file",
  EACCES: "this user may not read or write it",
  EROFS: "it is on a read-only file system",
  ENOSPC: "the disk is full: make room, or name a file elsewhere",
  EISDIR: "it is a directory: name a file in it",
};

function explain(path: string, error: unknown): unknown {
  const why = advice[codeOf(error)];
  return why === undefined ? error : new BackupRefused(`${path}: ${why}`, { cause: error });
}

const codeOf = (error: unknown): string => String((error as { code?: unknown }).code);
