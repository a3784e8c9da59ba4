import type { Db, Document } from "mongodb";
import { type KeysNeeded, noteKeys } from "../otp/restored-ledger.ts";
import { type BackupNotes, type Progress, writeWhole } from "./backup-file.ts";
import { type Line, writeLines } from "./mongo-backup-lines.ts";
import { mongoCollections } from "./mongo-collections.ts";
import { openPatiently } from "./mongo-connection.ts";
import { currentSchema, readSchema } from "./mongo-schema.ts";

type BackUp = {
  readonly url: string;
  readonly to: string;
  readonly ledgerKey: string;
  onProgress(progress: Progress): void;
};

const pageSize = 500;

/**
 * Copies every document as a majority has it when it is read: each is whole, and all that was acknowledged before the backup began is in
 * it. It is no picture of one moment; no two documents depend on each other, so none is needed.
 */
export async function backUpMongo({ url, to, ledgerKey, onProgress }: BackUp): Promise<BackupNotes> {
  const client = openPatiently(url);
  try {
    const db = client.db();
    const schema = await readSchema(db, currentSchema);
    const at = (await timeOf(db)).toISOString();
    const keys: KeysNeeded = { codeKeys: new Set(), authenticatorKeys: new Set() };
    const total = await countAll(db);
    let ledgers = 0;
    let done = 0;
    const notes = (): BackupNotes => ({
      at,
      ledgerKey,
      ledgers,
      codeKeys: [...keys.codeKeys].sort(),
      authenticatorKeys: [...keys.authenticatorKeys].sort(),
    });
    const lines = async function* (): AsyncGenerator<Line> {
      const { _id, by: _by, leaseUntil: _lease, ...known } = schema;
      yield { format: "countersign-backup-1", schema: known };
      for (const { name } of mongoCollections) {
        if (name === "meta") continue;
        for await (const document of documentsOf(db, name)) {
          if (name === "ledgers") {
            noteKeys({ challenges: document.open ?? {}, authenticators: document.authenticators }, keys);
            ledgers += 1;
          }
          done += 1;
          onProgress({ done, total: Math.max(total, done) });
          yield { in: name, document };
        }
      }
    };
    return await writeWhole(to, async (part) => {
      await writeLines(part, lines(), notes);
      return notes();
    });
  } finally {
    await client.close();
  }
}

/** Page by page in the order of the key, so that no cursor has to live long, and one that is lost costs nothing. */
async function* documentsOf(db: Db, name: string): AsyncGenerator<Document> {
  const collection = db.collection<{ _id: string }>(name);
  let after = "";
  for (;;) {
    const page = await collection
      .find({ _id: { $gt: after } })
      .sort({ _id: 1 })
      .limit(pageSize)
      .toArray();
    yield* page;
    const last = page.at(-1);
    if (!last) return;
    after = last._id;
  }
}

const countAll = async (db: Db): Promise<number> =>
  (await Promise.all(mongoCollections.map(({ name }) => db.collection(name).estimatedDocumentCount()))).reduce((sum, one) => sum + one, 0);

/** The database's clock. */
export async function timeOf(db: Db): Promise<Date> {
  const { localTime } = await db.command({ hello: 1 });
  if (!(localTime instanceof Date)) throw new Error("the database does not say what time it is");
  return localTime;
}
