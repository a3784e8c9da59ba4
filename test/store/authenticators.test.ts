import { MongoClient } from "mongodb";
import { afterAll, describe, expect, it, test } from "vitest";
import { never } from "../../src/otp/ledger-limits.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import type { LedgerDocument } from "../../src/store/mongo-document.ts";
import { adding, app, confirming, newSubject, waiting } from "./authenticator-requests.ts";
import { authenticatorsContract, type SubjectStore } from "./authenticators-contract.ts";
import { authenticatorStoreRaces, brokenAuthenticatorStores } from "./authenticators-races.ts";
import { findMongo } from "./databases.ts";
import { limitsWith } from "./requests.ts";
import { newPath, openOn, peek } from "./sqlite-file.ts";

const mongo = await findMongo();
afterAll(() => mongo?.stop());

describe("a race is seen to be lost by a store that reads, decides, and then writes", () => {
  test.each(authenticatorStoreRaces)("$name", async ({ run }) => {
    await expect(run(brokenAuthenticatorStores(2))).rejects.toThrow();
  });
});

// Its races are all that is wrong with it: called by one at a time, it keeps the contract.
authenticatorsContract("the broken store", async () => {
  const [store] = brokenAuthenticatorStores(1) as [SubjectStore];
  return { store, close: () => store.close() };
});

describe("on SQLite", () => {
  authenticatorsContract("SQLite", async () => {
    const { openSqliteStore } = await import("../../src/store/sqlite.ts");
    const store = await openSqliteStore({ path: ":memory:" });
    return { store, close: () => store.close() };
  });

  test.each(authenticatorStoreRaces)("$name", async ({ run }) => {
    const path = newPath();
    await run(await Promise.all([openOn(path), openOn(path)]));
  });

  it("keeps a ledger for as long as an authenticator is in use", async () => {
    const path = newPath();
    const store = await openOn(path);
    const purgeAt = () => (peek(path).prepare("SELECT purge_at FROM ledgers").get() as { purge_at: number }).purge_at;
    await keepsAndLetsGo(store, async () => purgeAt() === never);
  });
});

describe.skipIf(!mongo)("on MongoDB", () => {
  const url = mongo?.newDatabase() ?? "";
  afterAll(() => mongo?.drop(url));

  authenticatorsContract("MongoDB", async () => {
    const store = await openMongoStore({ url });
    return { store, close: () => store.close() };
  });

  test.each(authenticatorStoreRaces)("$name", async ({ run }) => {
    const stores = await Promise.all([1, 2, 3].map(() => openMongoStore({ url, timeoutMs: 10_000 })));
    await run(stores);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("keeps a ledger for as long as an authenticator is in use", async () => {
    const store = await openMongoStore({ url });
    const client = new MongoClient(url);
    await keepsAndLetsGo(store, async (ledger) => {
      const found = await client.db().collection<LedgerDocument>("ledgers").findOne({ _id: ledger });
      return Number(found?.purgeAt) === never && Number(found?.keepUntil) === never;
    });
    await Promise.all([store.close(), client.close()]);
  });
});

async function keepsAndLetsGo(store: SubjectStore, isKept: (ledger: string) => Promise<boolean>): Promise<void> {
  const of = newSubject();
  const [phone, token] = [waiting(), app({ kind: "hotp" })];
  await store.addAuthenticators(adding(of, phone));
  expect(await isKept(of.ledger)).toBe(false);
  await store.proveAuthenticator(confirming(of, phone, 1));
  expect(await isKept(of.ledger)).toBe(true);
  await store.addAuthenticators(adding(of, token));
  await store.removeAuthenticator({ ...of, authenticator: phone.id, limits: limitsWith() });
  expect(await isKept(of.ledger)).toBe(true);
  await store.removeAuthenticator({ ...of, authenticator: token.id, limits: limitsWith() });
  expect(await isKept(of.ledger)).toBe(false);
}
