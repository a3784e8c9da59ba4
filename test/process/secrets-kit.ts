/** Secrets of authenticators put into a database in bulk, and what a thief or an operator would count there. */
import { randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { MongoClient } from "mongodb";
import type { LedgerAuthenticator } from "../../src/otp/authenticator.ts";
import type { SealedSecret } from "../../src/otp/authenticator-ports.ts";
import { never } from "../../src/otp/ledger-limits.ts";
import { createLocalVault } from "../../src/otp/secret-vault.ts";
import type { LedgerDocument } from "../../src/store/mongo-document.ts";

export type Key = { readonly id: string; readonly secret: string };
export const newKey = (id: string): Key => ({ id, secret: randomBytes(32).toString("base64") });

export const vaultOf = (...keys: readonly Key[]) =>
  createLocalVault(
    keys.map(({ id, secret }) => ({ id, secret: Buffer.from(secret, "base64") })),
    randomBytes,
  );

/** In place of what development mode has. */
export const withKeys = (...keys: readonly object[]): Record<string, string> => ({
  COUNTERSIGN__secrets__authenticatorKeys: JSON.stringify(keys),
});

export type Planted = {
  plant(secrets: readonly SealedSecret[]): Promise<void>;
  /** Of all ledgers. */
  read(): Promise<readonly SealedSecret[]>;
  /** How many are under that key. */
  countUnder(key: string): Promise<number>;
};

/** One ledger each. */
export const newSecrets = async (count: number, key: Key): Promise<readonly SealedSecret[]> => {
  const vault = vaultOf(key);
  return Promise.all(
    Array.from({ length: count }, async () => {
      const context = {
        application: "dev",
        ledger: randomBytes(15).toString("base64url"),
        authenticator: randomBytes(12).toString("base64url"),
      };
      return { ...context, sealed: await vault.seal(randomBytes(20), context) };
    }),
  );
};

const authenticatorWith = (secret: string): LedgerAuthenticator => ({
  kind: "hotp",
  name: "Token",
  createdAt: Date.now(),
  attempts: 0,
  secret,
  algorithm: "sha1",
  digits: 6,
  periodSeconds: 30,
  next: 0,
  drift: 0,
});

type Stored = { readonly application: string; readonly authenticators?: Record<string, { readonly secret: string }> };
const secretsIn = (ledger: string, { application, authenticators = {} }: Stored): SealedSecret[] =>
  Object.entries(authenticators).map(([authenticator, { secret }]) => ({ application, ledger, authenticator, sealed: secret }));

export const plantedInSqlite = (path: string): Planted => {
  const withFile = <T>(work: (file: DatabaseSync) => T): T => {
    const file = new DatabaseSync(path, { timeout: 5_000 });
    try {
      return work(file);
    } finally {
      file.close();
    }
  };
  return {
    plant: async (secrets) =>
      withFile((file) => {
        file.exec("BEGIN IMMEDIATE");
        const insert = file.prepare("INSERT INTO ledgers (id, application, record, updated_at, purge_at) VALUES (?, ?, ?, 1, ?)");
        for (const { ledger, application, authenticator, sealed } of secrets) {
          const authenticators = { [authenticator]: authenticatorWith(sealed) };
          insert.run(
            ledger,
            application,
            JSON.stringify({ sends: [], failures: [], failuresInRow: 0, challenges: {}, authenticators }),
            never,
          );
        }
        file.exec("COMMIT");
      }),
    read: async () =>
      withFile((file) => {
        const rows = file.prepare("SELECT id, application, record FROM ledgers").all() as {
          id: string;
          application: string;
          record: string;
        }[];
        return rows.flatMap(({ id, application, record }) => secretsIn(id, { application, ...JSON.parse(record) }));
      }),
    countUnder: async (key) =>
      withFile((file) => {
        const found = file.prepare("SELECT count(*) AS n FROM ledgers WHERE instr(record, ?) > 0").get(`"secret":"${key}.`);
        return (found as { n: number }).n;
      }),
  };
};

export const plantedInMongo = (url: string): Planted => {
  const withLedgers = async <T>(work: (ledgers: ReturnType<typeof ledgersOf>) => Promise<T>): Promise<T> => {
    const client = new MongoClient(url);
    try {
      return await work(ledgersOf(client));
    } finally {
      await client.close();
    }
  };
  const read = () =>
    withLedgers(async (ledgers) => {
      const found = await ledgers.find({}, { projection: { application: 1, authenticators: 1 } }).toArray();
      return found.flatMap(({ _id, ...record }) => secretsIn(_id, record as unknown as Stored));
    });
  return {
    plant: (secrets) =>
      withLedgers(async (ledgers) => {
        const now = new Date();
        const forEver = { at: now, keepUntil: new Date(never), purgeAt: new Date(never) };
        const documents = secrets.map(({ ledger, application, authenticator, sealed }) => {
          const authenticators = { [authenticator]: { ...authenticatorWith(sealed), createdAt: now } };
          return { _id: ledger, application, sends: [], failures: [], failuresInRow: 0, open: {}, ...forEver, authenticators };
        });
        await ledgers.insertMany(documents);
      }),
    read,
    countUnder: async (key) => (await read()).filter(({ sealed }) => sealed.startsWith(`${key}.`)).length,
  };
};

const ledgersOf = (client: MongoClient) => client.db().collection<LedgerDocument>("ledgers");
