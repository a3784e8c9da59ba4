import { setTimeout as sleep } from "node:timers/promises";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { judgeRedemption } from "../../src/otp/redemption.ts";
import type { RedemptionStore } from "../../src/otp/store-ports.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { findMongo, type TestMongo } from "../store/databases.ts";
import { newPath, openOn, peek } from "../store/sqlite-file.ts";
import { createMemoryRedemptions } from "./memory-redemptions.ts";
import { raceRedemptions, redemption, redemptionContract } from "./redemption-contract.ts";

/** Wrong on purpose: it reads, decides by the right rule, and then writes. */
function brokenStores(count: number): RedemptionStore[] {
  const database = new Map<string, { by: string; at: number }>();
  const wire = () => sleep(Math.random() * 4);
  return Array.from({ length: count }, () => ({
    async redeem(request) {
      await wire();
      const first = database.get(request.id) ?? { by: request.by, at: Date.now() };
      await wire();
      database.set(request.id, first);
      return judgeRedemption(request, first);
    },
  }));
}

redemptionContract("memory", async () =>
  createMemoryRedemptions({
    get now() {
      return Date.now();
    },
  }),
);
redemptionContract("the broken store", async () => brokenStores(1)[0] as RedemptionStore);

test("the race is seen to be lost by a store that reads, decides, and then writes", async () => {
  await expect(raceRedemptions(brokenStores(2))).rejects.toThrow();
});

describe("SQLite", () => {
  const store = openSqliteStore({ path: ":memory:" });
  afterAll(async () => (await store).close());
  redemptionContract("SQLite", () => store);

  test("200 parallel redemptions through two stores on one file: one is accepted", async () => {
    const path = newPath();
    await raceRedemptions([await openOn(path), await openOn(path)]);
  });

  test("a redemption outlives its store", async () => {
    const path = newPath();
    const spent = redemption();
    const first = await openSqliteStore({ path });
    const accepted = await first.redeem(spent);
    await first.close();
    const second = await openOn(path);
    expect(await second.redeem({ ...spent, by: "another" })).toEqual({ status: "taken" });
    expect(await second.redeem(spent)).toEqual(accepted);
  });

  test("is purged an hour after its proof has expired, and not before", async () => {
    const path = newPath();
    const hour = 3_600_000;
    const store = await openSqliteStore({ path });
    await store.redeem(redemption({ id: "old", expiresAt: Date.now() - hour - 5_000 }));
    await store.redeem(redemption({ id: "young", expiresAt: Date.now() - hour + 60_000 }));
    await store.close();
    await openOn(path);
    const ids = () =>
      peek(path)
        .prepare("SELECT id FROM redemptions ORDER BY id")
        .all()
        .map(({ id }) => id);
    expect(ids()).toEqual(["old", "young"]);
    await expect.poll(ids, { timeout: 5_000, interval: 100 }).toEqual(["young"]);
  });
});

const mongo: TestMongo | undefined = await findMongo();

describe.skipIf(!mongo)("MongoDB", () => {
  const url = mongo?.newDatabase() ?? "";
  const stores: Awaited<ReturnType<typeof openMongoStore>>[] = [];
  beforeAll(async () => {
    stores.push(await openMongoStore({ url, timeoutMs: 10_000 }), await openMongoStore({ url, timeoutMs: 10_000 }));
  });
  afterAll(async () => {
    for (const store of stores) await store.close();
    await mongo?.drop(url);
    await mongo?.stop();
  });
  redemptionContract("MongoDB", async () => stores[0] as RedemptionStore);

  test("200 parallel redemptions through two stores on one database: one is accepted", async () => {
    await raceRedemptions(stores);
  });

  test("keeps its records for an hour after the proof, and has the index that frees them", async () => {
    const spent = redemption();
    await stores[0]?.redeem(spent);
    const client = new MongoClient(url);
    const redemptions = client.db().collection<{ _id: string; purgeAt: Date }>("redemptions");
    expect((await redemptions.findOne({ _id: spent.id }))?.purgeAt).toEqual(new Date(spent.expiresAt + 3_600_000));
    expect(await redemptions.indexes()).toContainEqual(expect.objectContaining({ key: { purgeAt: 1 }, expireAfterSeconds: 0 }));
    await client.close();
  });
});
