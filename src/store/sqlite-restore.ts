import type { DatabaseSync } from "node:sqlite";
import { isActive } from "../otp/authenticator.ts";
import { forgetFailuresMs, type Ledger } from "../otp/ledger.ts";
import { closeRestored, type GivenUp } from "../otp/restored-ledger.ts";
import { type Progress, writeWhole } from "./backup-file.ts";
import { copyTo } from "./sqlite-backup.ts";
import { openDatabase } from "./sqlite-database.ts";

type Restore = {
  readonly from: string;
  readonly path: string;
  readonly keepTokens: boolean;
  onProgress(progress: Progress): void;
};

/** Makes the file of the store, which must not be there, from a backup; whoever opens it finds nothing to consume twice. */
export const restoreSqlite = ({ from, path, keepTokens, onProgress }: Restore): Promise<GivenUp> =>
  writeWhole(path, async (part) => {
    copyTo(part, from);
    const connection = openDatabase({ path: part, create: false });
    try {
      const givenUp = close(connection, keepTokens, onProgress);
      connection.exec("DROP TABLE backup");
      // Only a vacuum gives a file of an earlier version the room to shrink.
      connection.exec("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = INCREMENTAL; VACUUM");
      return givenUp;
    } finally {
      connection.close();
    }
  });

type Row = { readonly number: number; readonly application: string; readonly record: string };

function close(connection: DatabaseSync, keepTokens: boolean, onProgress: Restore["onProgress"]): GivenUp {
  const givenUp: GivenUp = { challenges: 0, hotp: 0, recoveryCodes: 0 };
  const { now, total } = connection
    .prepare("SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS now, count(*) AS total FROM ledgers")
    .get() as { now: number; total: number };
  const page = connection.prepare("SELECT number, application, record FROM ledgers WHERE number > ? ORDER BY number LIMIT 500");
  const update = connection.prepare(
    "UPDATE ledgers SET record = ?, wake_at = NULL, purge_at = iif(?, min(purge_at, ?), purge_at) WHERE number = ?",
  );
  connection.exec("BEGIN IMMEDIATE");
  let done = 0;
  for (let rows = pageAfter(0); rows.length > 0; rows = pageAfter(rows.at(-1)?.number ?? 0)) {
    for (const { number, record } of rows) {
      const ledger = read(record);
      if (!ledger) continue;
      closeRestored(ledger, { now, keepTokens }, givenUp);
      const isKept = Object.values(ledger.authenticators ?? {}).some(isActive);
      update.run(JSON.stringify(ledger), isKept ? 0 : 1, now + forgetFailuresMs, number);
    }
    done += rows.length;
    onProgress({ done, total });
  }
  connection.exec("COMMIT");
  return givenUp;

  function pageAfter(number: number): Row[] {
    return page.all(number) as Row[];
  }
}

function read(record: string): Omit<Ledger, "application"> | undefined {
  try {
    return JSON.parse(record) as Omit<Ledger, "application">;
  } catch {
    return undefined;
  }
}
