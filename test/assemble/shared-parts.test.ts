import { expect, it } from "vitest";
import { createSharedParts } from "../../src/assemble/shared-parts.ts";

function start() {
  const share = createSharedParts();
  const log: string[] = [];
  const take = (name: string, settings: object = { name }) =>
    share(settings, async () => {
      log.push(`open ${name}`);
      return { name, close: async () => void log.push(`close ${name}`) };
    });
  return { log, take, share };
}

it("who asks with the same settings gets the same part, which is closed by its last user", async () => {
  const { log, take } = start();
  const [one, two] = [await take("a", { x: [1, { y: "2" }] }), await take("b", { x: [1, { y: "2" }] })];
  expect(two.name).toBe("a");
  await one.close();
  await one.close();
  expect(log).toEqual(["open a"]);
  await two.close();
  expect(log).toEqual(["open a", "close a"]);
  expect((await take("b", { x: [1, { y: "2" }] })).name).toBe("b");
});

it("other settings are another part", async () => {
  const { log, take } = start();
  await take("a", { x: 1 });
  await take("b", { x: 2 });
  expect(log).toEqual(["open a", "open b"]);
});

it("what could not be opened is opened anew by the next who asks", async () => {
  const { take, share } = start();
  await expect(share({ name: "a" }, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect((await take("a")).name).toBe("a");
});

it("what two ask for at once is opened once", async () => {
  const { log, take } = start();
  await Promise.all([take("a"), take("a")]);
  expect(log).toEqual(["open a"]);
});
