import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLanes } from "../../src/otp/lanes.ts";
import type { TrafficStore } from "../../src/otp/store-ports.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { createMemoryTraffic } from "../abuse/memory-traffic.ts";
import { trafficContract } from "./contract-traffic.ts";
import { findMongo } from "./databases.ts";
import { peek } from "./sqlite-file.ts";

const memory = createMemoryTraffic({
  get now() {
    return Date.now();
  },
});

describe("in memory", () => {
  trafficContract(
    () => memory.store,
    () => memory.store,
  );
});

test("counting at the same time is seen to be wrong where what was read is written later", async () => {
  const { store, traffic } = createMemoryTraffic({ now: 1 });
  const everybodyHasRead = Promise.withResolvers<void>();
  const inTurn = createLanes();
  let readers = 0;
  const broken: TrafficStore["countTraffic"] = async (adds) => {
    const counted = await inTurn("read", async () => {
      const before = new Map(traffic);
      const counted = await store.countTraffic(adds);
      traffic.clear();
      for (const [key, value] of before) traffic.set(key, value);
      return counted;
    });
    readers += 1;
    if (readers === 40) everybodyHasRead.resolve();
    await everybodyHasRead.promise;
    for (const [index, { key }] of adds.entries()) traffic.set(key, counted[index] as (typeof counted)[number]);
    return counted;
  };
  await Promise.all(Array.from({ length: 40 }, () => broken([{ key: "k", what: "sent" }])));
  expect(traffic.get("k")?.sent).toBe(1);
});

describe("on SQLite", () => {
  const folder = mkdtempSync(join(tmpdir(), "countersign-traffic-"));
  const path = join(folder, "traffic.db");
  const stores: Awaited<ReturnType<typeof openSqliteStore>>[] = [];
  beforeAll(async () => {
    stores.push(await openSqliteStore({ path }), await openSqliteStore({ path }));
  });
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    rmSync(folder, { recursive: true });
  });
  trafficContract(
    () => stores[0] as TrafficStore,
    () => stores[1] as TrafficStore,
  );

  test("keeps no number and no address", () => {
    const rows = peek(path).prepare("SELECT key, body FROM traffic").all();
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toMatch(/\+49/);
  });
});

const mongo = await findMongo();
afterAll(() => mongo?.stop());

describe.skipIf(!mongo)("on MongoDB", () => {
  const url = mongo?.newDatabase() ?? "";
  afterAll(() => mongo?.drop(url));
  const stores: { store?: Awaited<ReturnType<typeof openMongoStore>>; other?: Awaited<ReturnType<typeof openMongoStore>> } = {};
  beforeAll(async () => {
    Object.assign(stores, { store: await openMongoStore({ url }), other: await openMongoStore({ url }) });
  });
  afterAll(() => Promise.all([stores.store?.close(), stores.other?.close()]));
  trafficContract(
    () => stores.store as TrafficStore,
    () => stores.other as TrafficStore,
  );
});
