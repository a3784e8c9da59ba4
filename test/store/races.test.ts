import { describe, expect, test } from "vitest";
import { brokenStores } from "./broken-store.ts";
import { ledgerContract } from "./contract.ts";
import { races } from "./races.ts";

describe("a race is seen to be lost by a store that reads, decides, and then writes", () => {
  test.each(races.map((race) => [race.name, race] as const))("%s", async (_, race) => {
    const { stores, plant } = brokenStores(2);
    await expect(race.run(stores, plant)).rejects.toThrow();
  });
});

// Its races are all that is wrong with it: called by one at a time, it keeps the contract.
ledgerContract("the broken store", async () => {
  const {
    stores: [store],
    plant,
  } = brokenStores(1);
  if (!store) throw new Error("no store");
  return { store, plant, close: () => store.close() };
});
