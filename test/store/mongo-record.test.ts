import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forgetFailuresMs, rememberMs } from "../../src/otp/ledger.ts";
import type { LedgerStore } from "../../src/otp/ports.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { findMongo } from "./databases.ts";
import { guessing, limitsWith, minute, newRef, opening } from "./requests.ts";

const mongo = await findMongo();
afterAll(() => mongo?.stop());

describe.skipIf(!mongo)("a ledger in MongoDB", () => {
  const url = mongo?.newDatabase() ?? "";
  let store: LedgerStore;
  let client: MongoClient;
  beforeAll(async () => {
    store = await openMongoStore({ url, maxPoolSize: 2, timeoutMs: 10_000 });
    client = new MongoClient(url);
  });
  afterAll(async () => {
    await store?.close();
    await client?.close();
    await mongo?.drop(url);
  });
  const ledgers = () => client.db().collection<{ _id: string; at: Date; purgeAt: Date }>("ledgers");
  const keptFor = async (ledger: string) => {
    const record = await ledgers().findOne({ _id: ledger });
    return Number(record?.purgeAt) - Number(record?.at);
  };

  test("is purged by an index, which any number of stores make once", async () => {
    const again = await Promise.all([openMongoStore({ url }), openMongoStore({ url })]);
    await Promise.all(again.map((other) => other.close()));
    const indexes = (await ledgers().indexes()).filter(({ key }) => "purgeAt" in key);
    expect(indexes).toEqual([expect.objectContaining({ key: { purgeAt: 1 }, expireAfterSeconds: 0 })]);
  });

  test("is kept while a challenge is remembered or a window counts, and for a year after a failure that nothing forgave", async () => {
    const limits = limitsWith({ sendWindows: [{ windowMs: minute, max: 9 }] });
    const ref = newRef();
    await store.open(opening(ref, { limits, lifetimeMs: 5 * minute }));
    expect(await keptFor(ref.ledger)).toBe(5 * minute + rememberMs);
    await store.verify(guessing(ref, "wrong", { limits }));
    expect(await keptFor(ref.ledger)).toBe(forgetFailuresMs);
    await store.verify(guessing(ref, "right", { limits }));
    expect(await keptFor(ref.ledger)).toBeGreaterThan(4 * minute + rememberMs);
    expect(await keptFor(ref.ledger)).toBeLessThanOrEqual(5 * minute + rememberMs);

    const long = limitsWith({ sendWindows: [{ windowMs: 1_440 * minute, max: 9 }] });
    const other = newRef();
    await store.open(opening(other, { limits: long, lifetimeMs: 5 * minute }));
    expect(await keptFor(other.ledger)).toBe(1_440 * minute);
  });

  test("whoever hammers one of them does not hold up the others", async () => {
    const [hammered, other] = [newRef(), newRef()];
    await store.open(opening(hammered));
    await store.open(opening(other));
    let answered = 0;
    const hammer = Array.from({ length: 150 }, () => store.verify(guessing(hammered, "wrong")).then(() => answered++));
    expect(await store.verify(guessing(other, "right"))).toMatchObject({ status: "approved" });
    expect(answered).toBeLessThan(50);
    await Promise.all(hammer);
  });
});
