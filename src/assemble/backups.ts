import { createHash } from "node:crypto";
import type { Config } from "../config/config.ts";
import { createKeyring } from "../otp/keyring.ts";
import { createRandom } from "../otp/random.ts";
import type { GivenUp } from "../otp/restored-ledger.ts";
import { type BackupNotes, BackupRefused, kindOfBackup, type Progress } from "../store/backup-file.ts";

export type { BackupNotes, GivenUp, Progress };
export { BackupRefused };

type OnProgress = (progress: Progress) => void;

/** Copies the store that the configuration names into a file, while the service runs. */
export async function backUp(config: Config, to: string, onProgress: OnProgress): Promise<BackupNotes> {
  const ledgerKey = fingerprintOf(config);
  const { store } = config;
  if (store.kind === "sqlite") {
    const { backUpSqlite } = await import("../store/sqlite-backup.ts");
    return backUpSqlite({ path: store.path, to, ledgerKey, onProgress });
  }
  const { backUpMongo } = await import("../store/mongo-backup.ts");
  return backUpMongo({ url: store.url, to, ledgerKey, onProgress });
}

export type RestoreOptions = { readonly from: string; readonly keepTokens: boolean; readonly onProgress: OnProgress };
export type Restored = { readonly notes: BackupNotes; readonly givenUp: GivenUp };

/** Makes the store that the configuration names, which must not be there yet, from a backup of one of the same kind. */
export async function restore(config: Config, { from, keepTokens, onProgress }: RestoreOptions): Promise<Restored> {
  const { store } = config;
  const kind = kindOfBackup(from);
  if (kind !== store.kind) throw new BackupRefused(`${from} is a backup of ${names[kind]}, and store.url names ${names[store.kind]}`);
  if (store.kind === "sqlite") {
    const { readSqliteNotes } = await import("../store/sqlite-backup.ts");
    const { restoreSqlite } = await import("../store/sqlite-restore.ts");
    const notes = checkKeys(readSqliteNotes(from), config);
    return { notes, givenUp: await restoreSqlite({ from, path: store.path, keepTokens, onProgress }) };
  }
  const { checkLines } = await import("../store/mongo-backup-lines.ts");
  const { restoreMongo } = await import("../store/mongo-restore.ts");
  const notes = checkKeys((await checkLines(from)).notes, config);
  return { notes, givenUp: await restoreMongo({ from, url: store.url, keepTokens, onProgress }) };
}

const names = { sqlite: "SQLite", mongodb: "MongoDB" } as const;

/** Under another ledger key nobody's record would be found again, and every limit would start afresh. */
function checkKeys(notes: BackupNotes, config: Config): BackupNotes {
  if (notes.ledgerKey !== fingerprintOf(config))
    throw new BackupRefused("the backup was made under another secrets.ledgerKey: configure that one");
  const known = new Set(config.authenticatorKeys?.map(({ id }) => id));
  const missing = notes.authenticatorKeys.filter((id) => !known.has(id));
  if (missing.length === 0) return notes;
  throw new BackupRefused(
    `authenticators in the backup lie under keys that secrets.authenticatorKeys does not have: ${missing.join(", ")}`,
  );
}

/** Of a keyed digest, so that it tells nothing of the key. */
function fingerprintOf({ secrets }: Config): string {
  const digest = createKeyring(secrets, createRandom()).digest("fingerprint of the ledger key");
  return createHash("sha256").update(digest).digest("base64url").slice(0, 16);
}
