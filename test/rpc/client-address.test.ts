import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFindClientAddress, type TrustedProxies } from "../../src/rpc/client-address.ts";

const proxy = "10.1.2.3";
const stranger = "203.0.113.9";

function find(
  headers: Readonly<Record<string, string>>,
  { peer = proxy, ...more }: Partial<TrustedProxies> & { peer?: string | undefined } = {},
) {
  const findAddress = createFindClientAddress({ networks: ["10.0.0.0/8", "2001:db8:ff::/48"], header: "x-forwarded-for", ...more });
  return findAddress(peer, (name) => headers[name]);
}

const forwarded = { header: "forwarded" } as const;

/** What strangers write to be somebody else. */
const spoofs = [
  "198.51.100.7",
  "198.51.100.7, 198.51.100.8",
  "198.51.100.7, 10.0.0.1",
  "10.0.0.1",
  "for=198.51.100.7",
  'for="198.51.100.7:443";proto=https, for=10.0.0.1',
  'for="[2001:db8::1]:443"',
  'for="',
  'for="\\"',
  "for=_hidden, for=unknown",
  "unknown",
  "_secret",
  "[2001:db8::1]:80",
  "198.51.100.7:80",
  ",,,,",
  "%00\u0000",
  "a".repeat(10_240),
  "10.0.0.1, ".repeat(1_000),
  '"'.repeat(10_240),
];

describe("without a trusted proxy, the caller is the other end of the connection", () => {
  it.each(spoofs)("whatever its headers say: %j", (spoof) => {
    const headers = { "x-forwarded-for": spoof, forwarded: spoof, "x-real-ip": spoof, "client-ip": spoof };
    for (const header of ["x-forwarded-for", "forwarded"] as const) {
      expect(find(headers, { peer: stranger, networks: [], header })).toBe(stranger);
      expect(find(headers, { peer: stranger, header })).toBe(stranger);
    }
  });

  it.each([
    ["::ffff:203.0.113.9", stranger],
    ["2001:DB8:0:0::1", "2001:db8::1"],
    ["fe80::1%eth0", "fe80::1"],
    ["unknown", ""],
    ["", ""],
    [undefined, ""],
  ])("of which %j is known as %j", (peer, expected) => {
    expect(find({}, { networks: [], peer: peer ?? "" })).toBe(expected);
  });
});

describe("with a trusted proxy, the caller is whom it added", () => {
  it.each(spoofs)("whatever stands left of it: %j", (spoof) => {
    expect(find({ "x-forwarded-for": `${spoof}, ${stranger}`, forwarded: spoof })).toBe(stranger);
    expect(find({ forwarded: `${spoof}, for=${stranger}`, "x-forwarded-for": spoof }, forwarded)).toBe(stranger);
  });

  it("whatever stands left of it, always", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii" }), (spoof) => {
        expect(find({ "x-forwarded-for": `${spoof},${stranger}` })).toBe(stranger);
        expect(find({ forwarded: `${spoof},for=${stranger}` }, forwarded)).toBe(stranger);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["203.0.113.9", stranger],
    [" 203.0.113.9 ", stranger],
    ["203.0.113.9:51234", stranger],
    ["::ffff:203.0.113.9", stranger],
    ["2001:db8::1", "2001:db8::1"],
    ["[2001:db8::1]", "2001:db8::1"],
    ["[2001:db8::1]:443", "2001:db8::1"],
    ["198.51.100.7, 203.0.113.9, 10.9.9.9", stranger],
    ["203.0.113.9, 10.9.9.9, 2001:db8:ff::1, 10.9.9.8", stranger],
    ["10.9.9.9", "10.9.9.9"],
    ["10.0.0.1, 10.9.9.9", "10.0.0.1"],
  ])("X-Forwarded-For: %s", (value, expected) => {
    expect(find({ "x-forwarded-for": value })).toBe(expected);
  });

  it.each([
    ["for=203.0.113.9", stranger],
    ["For=203.0.113.9;Proto=https", stranger],
    ["proto=https;by=10.0.0.1;for=203.0.113.9", stranger],
    ['by="a, b";for=203.0.113.9', stranger],
    ['for="203.0.113.9:51234";by=_proxy', stranger],
    ['for="[2001:db8::1]"', "2001:db8::1"],
    ['for="[2001:db8::1]:443";proto=https', "2001:db8::1"],
    ['for=198.51.100.7, for=203.0.113.9;by="10.0.0.9", for="10.9.9.9"', stranger],
  ])("Forwarded: %s", (value, expected) => {
    expect(find({ forwarded: value }, forwarded)).toBe(expected);
  });

  it("is a proxy by its IPv6 address too, and by one written as IPv6", () => {
    for (const peer of ["2001:db8:ff::7", "::ffff:10.0.0.1"]) expect(find({ "x-forwarded-for": stranger }, { peer })).toBe(stranger);
    expect(find({ "x-forwarded-for": stranger }, { peer: "2001:db8:fe::7" })).toBe("2001:db8:fe::7");
  });
});

describe("nobody can say who it is", () => {
  it.each([
    "",
    ",",
    "unknown",
    "_hidden",
    "198.51.100.7,",
    "198.51.100.7, garbage",
    "203.0.113.999",
    "0xcb.0.113.9",
    "203.0.113.9:",
    "203.0.113.9:port",
    "for=203.0.113.9",
    `${"10.0.0.1, ".repeat(21)}10.0.0.1`,
  ])("from X-Forwarded-For: %s", (value) => {
    expect(find({ "x-forwarded-for": value })).toBe("");
  });

  it.each([
    "",
    "proto=https",
    "for=unknown",
    'for="_gazonk"',
    "for=203.0.113.9;for=198.51.100.7",
    'for="203.0.113.9',
    "203.0.113.9",
    "for=2001:db8::1:",
    "for=203.0.113.9, for",
  ])("from Forwarded: %s", (value) => {
    expect(find({ forwarded: value }, forwarded)).toBe("");
  });

  it("when the proxy wrote nothing", () => {
    expect(find({})).toBe("");
    expect(find({ forwarded: "for=203.0.113.9" })).toBe("");
    expect(find({ "x-forwarded-for": stranger }, forwarded)).toBe("");
  });
});
