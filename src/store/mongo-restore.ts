import type { Db, Document } from "mongodb";
import type { LedgerAuthenticator } from "../otp/authenticator.ts";
import { forgetFailuresMs } from "../otp/ledger.ts";
import { never } from "../otp/ledger-limits.ts";
import { closeRestored, type GivenUp, type RestoredLedger, type RestoreTerms } from "../otp/restored-ledger.ts";
import { BackupRefused, type Progress } from "./backup-file.ts";
import { timeOf } from "./mongo-backup.ts";
import { checkLines, readLines } from "./mongo-backup-lines.ts";
import { createIndexes, mongoCollections } from "./mongo-collections.ts";
import { openPatiently } from "./mongo-connection.ts";
import { assertKnown, currentSchema, nobody, type SchemaDocument } from "./mongo-schema.ts";

type Restore = {
  readonly from: string;
  readonly url: string;
  readonly keepTokens: boolean;
  onProgress(progress: Progress): void;
};

const batchSize = 500;

/** Fills a database, which must be empty, from a backup; whoever opens it finds nothing to consume twice. */
export async function restoreMongo({ from, url, keepTokens, onProgress }: Restore): Promise<GivenUp> {
  const { schema, lines } = await checkLines(from);
  assertKnown(schema as SchemaDocument, currentSchema);
  const client = openPatiently(url);
  try {
    const db = client.db();
    await assertEmpty(db);
    const meta = db.collection<SchemaDocument>("meta");
    const closed = { version: Number(schema.version), minReader: nobody, minWriter: nobody };
    await meta.replaceOne({ _id: "schema" }, closed, { upsert: true });
    await createIndexes(db);
    const terms: RestoreTerms = { now: Number(await timeOf(db)), keepTokens };
    const givenUp: GivenUp = { challenges: 0, hotp: 0, recoveryCodes: 0 };
    let done = 0;
    for await (const batch of batchesOf(from)) {
      for (const { name, documents } of batch) {
        if (name === "ledgers") for (const document of documents) close(document, terms, givenUp);
        await db.collection(name).insertMany([...documents], { ordered: false });
        done += documents.length;
        onProgress({ done, total: Math.max(lines, done) });
      }
    }
    await meta.replaceOne({ _id: "schema" }, schema as Omit<SchemaDocument, "_id">);
    return givenUp;
  } finally {
    await client.close();
  }
}

async function assertEmpty(db: Db): Promise<void> {
  for (const { name } of mongoCollections) {
    if (name === "meta" || (await db.collection(name).findOne({}, { projection: { _id: 1 } })) === null) continue;
    throw new BackupRefused(`the collection ${name} is not empty: restore into an empty database, and point store.url at it afterwards`);
  }
}

type Batch = readonly { readonly name: string; readonly documents: readonly Document[] }[];

async function* batchesOf(from: string): AsyncGenerator<Batch> {
  let batch: { name: string; document: Document }[] = [];
  const grouped = (): Batch =>
    [...Map.groupBy(batch, ({ name }) => name)].map(([name, each]) => ({ name, documents: each.map(({ document }) => document) }));
  for await (const line of readLines(from)) {
    if (!("in" in line)) continue;
    if (!mongoCollections.some(({ name }) => name === line.in))
      throw new BackupRefused(`${from} has a collection ${line.in} that is unknown`);
    batch.push({ name: line.in, document: line.document });
    if (batch.length < batchSize) continue;
    yield grouped();
    batch = [];
  }
  yield grouped();
}

function close(document: Document, terms: RestoreTerms, givenUp: GivenUp): void {
  const authenticators = document.authenticators as Record<string, LedgerAuthenticator> | undefined;
  closeRestored({ challenges: document.open as RestoredLedger["challenges"], authenticators }, terms, givenUp);
  delete document.wakeAt;
  const isKept = Object.values(authenticators ?? {}).some(({ confirmBy }) => confirmBy === undefined);
  if (isKept || Number(document.keepUntil) !== never) return;
  const until = new Date(terms.now + forgetFailuresMs);
  Object.assign(document, { keepUntil: until, purgeAt: until });
}
