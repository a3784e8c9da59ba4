import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { countryOf } from "../../src/channels/phone-number.ts";
import { type RoutingRule, route } from "../../src/providers/route.ts";

const plain = (...names: string[]) => names.map((name) => ({ name }));

describe("the first rule that fits", () => {
  const rules: RoutingRule[] = [
    { to: { countries: ["DE", "AT"], prefixes: ["+1415"] }, providers: plain("a", "b") },
    { to: { countries: ["US"], prefixes: ["+49151"] }, providers: plain("c") },
    { providers: plain("d", "a") },
  ];

  test.for([
    ["a country", "+4930123456", ["a", "b"]],
    ["an earlier rule wins over a closer one", "+4915112345678", ["a", "b"]],
    ["another of its countries", "+436641234567", ["a", "b"]],
    ["a prefix", "+14155552671", ["a", "b"]],
    ["a second rule", "+12125552671", ["c"]],
    ["Canada is not the United States, though both are +1", "+16135550123", ["d", "a"]],
    ["everybody else", "+447911123456", ["d", "a"]],
    ["a number of no country", "+80012345678", ["d", "a"]],
  ] as const)("%s", ([, to, names]) => {
    const country = countryOf(to);
    expect(route(rules, { to, ...(country !== undefined && { country }) }, randomBytes)).toEqual(names);
  });

  test("no rule, no provider", () => {
    expect(route(rules.slice(0, 2), { to: "+447911123456", country: "GB" }, randomBytes)).toEqual([]);
  });

  test("an address that is no number", () => {
    expect(countryOf("ada@example.org")).toBeUndefined();
    expect(route(rules, { to: "ada@example.org" }, randomBytes)).toEqual(["d", "a"]);
  });
});

describe("weights", () => {
  const rules: RoutingRule[] = [
    { providers: [{ name: "a", weight: 60 }, { name: "b", weight: 30 }, { name: "c", weight: 10 }, ...plain("x", "y")] },
  ];
  const rounds = 20_000;
  const orders = Array.from({ length: rounds }, () => route(rules, { to: "+49151" }, randomBytes));
  const share = (order: string) => orders.filter((names) => names.join("").startsWith(order)).length / rounds;

  // Five standard deviations, of which the widest is 0.0035.
  test.for([
    ["a", 0.6],
    ["b", 0.3],
    ["c", 0.1],
    ["ab", 0.6 * (30 / 40)],
    ["ba", 0.3 * (60 / 70)],
    ["ca", 0.1 * (60 / 90)],
  ] as const)("%s comes first in its share of the orders", ([order, expected]) => {
    expect(Math.abs(share(order) - expected)).toBeLessThan(0.0175);
  });

  test("everybody is there once, and those without a weight last, in their order", () => {
    for (const names of orders) {
      expect(names).toHaveLength(5);
      expect(new Set(names).size).toBe(5);
      expect(names.slice(3)).toEqual(["x", "y"]);
    }
  });

  test.for([
    [0, "a"],
    [0.599, "a"],
    [0.6001, "b"],
    [0.8999, "b"],
    [0.9001, "c"],
    [1 - 2 ** -32, "c"],
  ] as const)("a draw of %d is %s", ([part, first]) => {
    const random = (length: number) => {
      const bytes = Buffer.alloc(length);
      bytes.writeUInt32BE(Math.floor(part * 2 ** 32));
      return bytes;
    };
    expect(route(rules, { to: "+49151" }, random)[0]).toBe(first);
  });
});
