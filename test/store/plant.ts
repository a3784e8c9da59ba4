/** Authenticators put into ledgers behind the store's back, in the layout of the database. */
import { DatabaseSync } from "node:sqlite";
import { MongoClient } from "mongodb";
import type { Ledger } from "../../src/otp/ledger.ts";
import { never } from "../../src/otp/ledger-limits.ts";
import { emptyLedger } from "../../src/otp/ledger-rules.ts";
import type { LedgerDocument } from "../../src/store/mongo-document.ts";
import type { Plant } from "./contract.ts";

export const plantInSqlite =
  (path: string): Plant =>
  async ({ ledger, application }, authenticators) => {
    const connection = new DatabaseSync(path, { timeout: 5_000 });
    connection.exec("BEGIN IMMEDIATE");
    const row = connection.prepare("SELECT record FROM ledgers WHERE id = ?").get(ledger) as { record: string } | undefined;
    const { application: _, ...known } = row ? (JSON.parse(row.record) as Ledger) : emptyLedger(application);
    const record = JSON.stringify({ ...known, authenticators });
    const insert = "INSERT INTO ledgers (id, application, record, updated_at, purge_at) VALUES (?, ?, ?, 1, ?)";
    connection
      .prepare(`${insert} ON CONFLICT (id) DO UPDATE SET record = excluded.record, purge_at = excluded.purge_at`)
      .run(ledger, application, record, never);
    connection.exec("COMMIT");
    connection.close();
  };

export const plantInMongo =
  (url: string): Plant =>
  async ({ ledger, application }, authenticators) => {
    const client = new MongoClient(url);
    const dated = Object.entries(authenticators).map(([id, { createdAt, confirmBy, lastUsedAt, ...rest }]) => {
      const moments = Object.entries({ createdAt, confirmBy, lastUsedAt }).filter(([, moment]) => moment !== undefined);
      return [id, { ...rest, ...Object.fromEntries(moments.map(([name, moment]) => [name, new Date(Number(moment))])) }];
    });
    const empty = { sends: [], failures: [], failuresInRow: 0, open: {} };
    const complete = Object.fromEntries(Object.entries(empty).map(([field, value]) => [field, { $ifNull: [`$${field}`, value] }]));
    const forEver = { keepUntil: new Date(never), purgeAt: new Date(never) };
    const $set = { ...complete, ...forEver, authenticators: { $literal: Object.fromEntries(dated) } };
    const ledgers = client.db().collection<LedgerDocument>("ledgers");
    await ledgers.updateOne({ _id: ledger, application }, [{ $set }], { upsert: true });
    await client.close();
  };
