import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, test } from "vitest";
import type { LimitStore } from "../../src/otp/store-ports.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import type { LimitDocument } from "../../src/store/mongo-limit-writes.ts";
import { createLimits } from "../../src/store/mongo-limits.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { brokenLimits } from "./broken-limits.ts";
import { findMongo } from "./databases.ts";
import { limitsContract } from "./limits-contract.ts";
import { raceInProcesses } from "./limits-processes.ts";
import { limitRaces } from "./limits-races.ts";
import { longMs, taking } from "./limits-requests.ts";
import { newPath, openOn, peek } from "./sqlite-file.ts";
import { sleepAtLeast } from "./steps.ts";

const named = limitRaces.map((race) => [race.name, race] as const);

describe("a race is seen to be lost by limits that read, decide, and then write", () => {
  test.each(named)("%s", async (_, race) => {
    await expect(race.run(brokenLimits(2))).rejects.toThrow();
  });
});

limitsContract("the broken store, called by one at a time", async () => {
  const [store] = brokenLimits(1);
  if (!store) throw new Error("no store");
  return { store, close: async () => {} };
});

limitsContract("SQLite", async () => {
  const store = await openSqliteStore({ path: ":memory:" });
  return { store, close: () => store.close() };
});

describe("SQLite", () => {
  test.each(named)("%s", async (_, race) => {
    const path = newPath();
    await race.run([await openOn(path), await openOn(path)]);
  });

  it("gives out 200 times one of 50 in two processes, and exactly 50 get it", async () => {
    expect(await raceInProcesses(`sqlite:${newPath()}`, taking({ max: 50 }))).toEqual({ taken: 50, full: 150 });
  });

  it("keeps counters when the process ends, and nothing in them tells whose they are", async () => {
    const path = newPath();
    const one = taking({ max: 1 });
    const first = await openSqliteStore({ path });
    await first.takeLimits([one]);
    await first.close();
    expect((await (await openOn(path)).takeLimits([one])).status).toBe("full");
    expect(peek(path).prepare("SELECT id, counter FROM limits").all()).toEqual([
      { id: one.id, counter: expect.stringMatching(/^\{"at":\d+,"buckets":\{"600000":\[\{"i":\d+,"n":1\}\]\}\}$/) },
    ]);
  });
});

const mongo = await findMongo();
afterAll(() => mongo?.stop());

describe.skipIf(!mongo)("on MongoDB", () => {
  const url = mongo?.newDatabase() ?? "";
  afterAll(() => mongo?.drop(url));

  limitsContract("MongoDB", async () => {
    const store = await openMongoStore({ url });
    return { store, close: () => store.close() };
  });

  describe("races are won by several stores on one database", () => {
    const stores: (LimitStore & { close(): Promise<void> })[] = [];
    beforeAll(async () => {
      stores.push(...(await Promise.all(Array.from({ length: 3 }, () => openMongoStore({ url, timeoutMs: 10_000 })))));
    });
    afterAll(() => Promise.all(stores.map((store) => store.close())));
    test.each(named)("%s", (_, race) => race.run(stores));
  });

  it("gives out 200 times one of 50 in two processes, and exactly 50 get it", async () => {
    expect(await raceInProcesses(url, taking({ max: 50 }))).toEqual({ taken: 50, full: 150 });
  });

  it("takes all counters in one round trip, and looks only into what it was refused", async () => {
    const client = new MongoClient(url, { monitorCommands: true });
    onTestFinished(() => client.close());
    const commands: string[] = [];
    client.on("commandStarted", ({ commandName }) => void commands.push(commandName));
    const limits = createLimits(
      () => client.db(),
      (_, operation) => operation(),
    );
    const takes = Array.from({ length: 7 }, () => taking({ max: 2 }));
    for (const expected of [["update"], ["update"], ["update", "find"]]) {
      commands.length = 0;
      await limits.takeLimits(takes);
      expect(commands).toEqual(expected);
    }
  });

  it("believes no duplicate key without looking: a counter that was full gives again when its window is over", async () => {
    const store = await openMongoStore({ url });
    onTestFinished(() => store.close());
    const one = taking({ max: 20, windowMs: 1_000 });
    const takeAll = () => Promise.all(Array.from({ length: 30 }, () => store.takeLimits([one])));
    await takeAll();
    await sleepAtLeast(1_100);
    const since = performance.now();
    const taken = (await takeAll()).filter(({ status }) => status === "taken").length;
    expect(taken).toBeGreaterThanOrEqual(20);
    // On a machine so slow that the window is over before the last call there is room again.
    if (performance.now() - since < 1_000) expect(taken).toBe(20);
  });

  it("frees the space of what is over", async () => {
    const client = new MongoClient(url);
    onTestFinished(() => client.close());
    expect(await client.db().collection("limits").indexes()).toEqual(
      expect.arrayContaining([expect.objectContaining({ key: { purgeAt: 1 }, expireAfterSeconds: 0 })]),
    );
    const store = await openMongoStore({ url });
    onTestFinished(() => store.close());
    const one = taking({ windowMs: longMs });
    await store.takeLimits([one]);
    const { at, purgeAt } = (await client.db().collection<LimitDocument>("limits").findOne({ _id: one.id })) ?? {};
    expect(Number(purgeAt) - Number(at)).toBe(longMs * 1.2);
  });
});
