import { describe, expect, it } from "vitest";
import { createRandom } from "../../src/otp/random.ts";

describe("createRandom", () => {
  it("never hands out a byte twice, and fills a page only when it is used up", () => {
    let next = 0;
    let fills = 0;
    const random = createRandom((page) => {
      fills += 1;
      for (const index of page.keys()) page[index] = next++;
    }, 8);
    expect([...random(3)]).toEqual([0, 1, 2]);
    expect([...random(5)]).toEqual([3, 4, 5, 6, 7]);
    expect(fills).toBe(1);
    expect([...random(3)]).toEqual([8, 9, 10]);
    expect([...random(6)]).toEqual([16, 17, 18, 19, 20, 21]);
    expect(fills).toBe(3);
  });

  it("wipes what it handed out, and hands out copies", () => {
    let seen: Uint8Array = new Uint8Array();
    const random = createRandom((page) => {
      seen = page.fill(7);
    }, 8);
    const bytes = random(4);
    expect([...seen]).toEqual([0, 0, 0, 0, 7, 7, 7, 7]);
    bytes.fill(9);
    expect([...random(4)]).toEqual([7, 7, 7, 7]);
  });

  it("refuses more than a page", () => expect(() => createRandom(undefined, 8)(9)).toThrow(RangeError));

  it("is random", () => expect(createRandom()(16)).not.toEqual(createRandom()(16)));
});
