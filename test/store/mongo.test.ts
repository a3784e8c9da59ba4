import { afterAll, beforeAll, describe, test } from "vitest";
import type { LedgerStore } from "../../src/otp/store-ports.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { ledgerContract } from "./contract.ts";
import { findMongo } from "./databases.ts";
import { plantInMongo } from "./plant.ts";
import { races } from "./races.ts";

const mongo = await findMongo();
afterAll(() => mongo?.stop());

// The calls of one test are seldom enough for a group: so everything is also tested on groups of one.
const ways = [
  ["on MongoDB", {}],
  ["on MongoDB, in groups", { groupFrom: 1 }],
] as const;

describe.skipIf(!mongo).each(ways)("%s", (_, grouping) => {
  const url = mongo?.newDatabase() ?? "";
  afterAll(() => mongo?.drop(url));

  ledgerContract("MongoDB", async () => {
    const store = await openMongoStore({ url, ...grouping });
    return { store, plant: plantInMongo(url), close: () => store.close() };
  });

  describe("a race is won by several stores on one database", () => {
    const stores: LedgerStore[] = [];
    beforeAll(async () => {
      stores.push(...(await Promise.all(Array.from({ length: 6 }, () => openMongoStore({ url, timeoutMs: 10_000, ...grouping })))));
    });
    afterAll(() => Promise.all(stores.map((store) => store.close())));
    test.each(races.map((race) => [race.name, race] as const))("%s", (_, race) => race.run(stores, plantInMongo(url)));
  });
});
