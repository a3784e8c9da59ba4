import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MongoClient } from "mongodb";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { planSharding } from "../../ops/mongodb/plan.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { createIndexes, missingIndexes, mongoCollections } from "../../src/store/mongo-collections.ts";
import { findMongo } from "./databases.ts";
import { taking } from "./limits-requests.ts";
import { newRef, opening } from "./requests.ts";

const mongo = await findMongo();
afterAll(() => mongo?.stop());

const script = fileURLToPath(new URL("../../ops/mongodb/shard.ts", import.meta.url));
const names = mongoCollections.map(({ name }) => name);

function newDatabase() {
  const url = mongo?.newDatabase() ?? "";
  const client = new MongoClient(url);
  onTestFinished(async () => {
    await client.db().dropDatabase();
    await client.close();
  });
  return { url, db: client.db() };
}

describe.skipIf(!mongo)("the collections of a MongoDB store", () => {
  test("are those of the list, with the indexes of the list, and none but _id is unique", async () => {
    const { url, db } = newDatabase();
    const store = await openMongoStore({ url, timeoutMs: 10_000 });
    await store.open(opening(newRef()));
    await store.takeLimits([taking()]);
    await store.redeem({ id: "j1", by: "someone", expiresAt: Date.now() + 60_000 });
    await store.countTraffic([{ key: "place", what: "sent" }]);
    const place = { application: "shop", kind: "prefix", label: "+1", cause: "operator", enforced: true } as const;
    await store.raiseBlock({ ...place, key: "place", lengthsMs: [60_000] });
    await store.close();
    const found = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
    expect(found.sort()).toEqual([...names].sort());
    for (const { name, indexes } of mongoCollections) {
      const there = await db.collection(name).listIndexes().toArray();
      expect(there.map(({ key }) => key)).toEqual(expect.arrayContaining([{ _id: 1 }, ...indexes.map(({ key }) => key)]));
      expect(there).toHaveLength(indexes.length + 1);
      // Every unique index would have to begin with the shard key.
      expect(there.filter((index) => index.unique && JSON.stringify(index.key) !== '{"_id":1}')).toEqual([]);
    }
  });

  test("get what they miss at a start, and nothing is made where nothing is missing", async () => {
    const { url, db } = newDatabase();
    await Promise.all(Array.from({ length: 6 }, () => createIndexes(db)));
    expect(await missingIndexes(db)).toEqual([]);
    await db.collection("ledgers").dropIndex("wakeAt_1");
    expect((await missingIndexes(db)).map(({ name }) => name)).toEqual(["ledgers"]);
    const stores = await Promise.all(Array.from({ length: 4 }, () => openMongoStore({ url, timeoutMs: 10_000 })));
    await Promise.all(stores.map((store) => store.close()));
    expect(await missingIndexes(db)).toEqual([]);
  });

  test("with another index in the place of ours a start is refused, and says which", async () => {
    const { url, db } = newDatabase();
    await db.collection("redemptions").createIndex({ purgeAt: 1 }, { expireAfterSeconds: 86_400 });
    await expect(openMongoStore({ url, timeoutMs: 10_000 })).rejects.toThrow(/collection redemptions has another index.*drop it/);
  });
});

test("no collection is used that the list does not have", () => {
  const folder = new URL("../../src/store/", import.meta.url);
  const used = readdirSync(folder)
    .filter((file) => file.startsWith("mongo"))
    .flatMap((file) => [...readFileSync(new URL(file, folder), "utf8").matchAll(/\.collection(?:<[^>(]*(?:<[^>]*>)?[^>(]*>)?\("(\w+)"\)/g)])
    .map(([, name]) => name);
  expect(new Set(used)).toEqual(new Set(names));
});

describe("the sharding plan", () => {
  const ends = { min: "MinKey", max: "MaxKey" };

  test("shards every collection that grows with use by hashed _id, and keeps the others whole", () => {
    const steps = planSharding({ database: "countersign" }, ends);
    const sharded = steps.flatMap(({ command }) => (command.shardCollection === undefined ? [] : [command]));
    expect(sharded).toEqual(
      ["ledgers", "limits", "redemptions", "traffic"].map((name) => ({ shardCollection: `countersign.${name}`, key: { _id: "hashed" } })),
    );
    expect(names.filter((name) => !sharded.some(({ shardCollection }) => shardCollection === `countersign.${name}`))).toEqual([
      "blocks",
      "meta",
    ]);
    for (const { shardCollection } of sharded) {
      const made = steps.findIndex(({ command }) => `countersign.${command.createIndexes}` === shardCollection);
      expect(made).toBeGreaterThanOrEqual(0);
      expect(steps.findIndex(({ command }) => command.shardCollection === shardCollection)).toBeGreaterThan(made);
    }
  });

  test("pins all of a database to the shards of a zone, before anything is spread", () => {
    const zone = { name: "EU", shards: ["eu0", "eu1"] };
    const commands = planSharding({ database: "eu", zone }, ends).map(({ command }) => command);
    expect(commands.slice(0, 3)).toEqual([
      { addShardToZone: "eu0", zone: "EU" },
      { addShardToZone: "eu1", zone: "EU" },
      { movePrimary: "eu", to: "eu0" },
    ]);
    for (const name of ["ledgers", "limits", "redemptions", "traffic"]) {
      const pinned = commands.findIndex(({ updateZoneKeyRange }) => updateZoneKeyRange === `eu.${name}`);
      expect(commands[pinned]).toMatchObject({ min: { _id: "MinKey" }, max: { _id: "MaxKey" }, zone: "EU" });
      expect(commands.findIndex(({ shardCollection }) => shardCollection === `eu.${name}`)).toBeGreaterThan(pinned);
    }
  });

  test("is printed as a script that a shell can read", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [script, "countersign_eu", "--zone", "EU", "--shards", "eu0"]);
    const ran: unknown[] = [];
    const db = { getSiblingDB: (name: string) => ({ runCommand: (command: object) => ran.push([name, command]) }) };
    new Function("db", "MinKey", "MaxKey", stdout)(
      db,
      () => "MinKey",
      () => "MaxKey",
    );
    const planned = planSharding({ database: "countersign_eu", zone: { name: "EU", shards: ["eu0"] } }, ends);
    expect(ran).toEqual(planned.map(({ to, command }) => [to === "admin" ? "admin" : "countersign_eu", command]));
  });

  test.each([[[]], [["a.b"]], [["a", "--zone", "EU"]], [["a", "--shards", "x"]], [["a", "--nothing"]]])("%j is misuse", async (args) => {
    const failed = await promisify(execFile)(process.execPath, [script, ...args]).catch((error: unknown) => error);
    expect(failed).toMatchObject({ stderr: expect.stringContaining("Usage:") });
  });

  test.skipIf(!mongo)("is run on a mongos only", async () => {
    const url = mongo?.newDatabase() ?? "";
    const failed = await promisify(execFile)(process.execPath, [script, "countersign", "--apply", url]).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining("no mongos") });
  });
});
