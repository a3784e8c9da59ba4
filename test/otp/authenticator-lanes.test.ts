import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createLanes } from "../../src/otp/lanes.ts";

test("work of one key is done one after the other, in order, whatever fails; that of others beside it", async () => {
  const inTurn = createLanes();
  const log: string[] = [];
  const work = (key: string, name: string, ms: number) =>
    inTurn(key, async () => {
      log.push(`${name} begins`);
      await sleep(ms);
      log.push(`${name} ends`);
      if (name === "a1") throw new Error("a1 failed");
      return name;
    });
  const all = await Promise.allSettled([work("a", "a1", 40), work("a", "a2", 1), work("b", "b1", 1), work("a", "a3", 1)]);
  expect(all.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled", "fulfilled"]);
  const ofA = log.filter((line) => line.startsWith("a"));
  expect(ofA).toEqual(["a1 begins", "a1 ends", "a2 begins", "a2 ends", "a3 begins", "a3 ends"]);
  expect(log.indexOf("b1 ends")).toBeLessThan(log.indexOf("a1 ends"));
  expect(await inTurn("a", async () => "free again")).toBe("free again");
});
