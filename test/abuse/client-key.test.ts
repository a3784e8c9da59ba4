import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientKeysOf } from "../../src/abuse/client-key.ts";

describe("an address's keys", () => {
  it.each([
    ["198.51.100.7", "198.51.100.7/32", "198.51.100.0/24"],
    ["0.0.0.0", "0.0.0.0/32", "0.0.0.0/24"],
    ["255.255.255.255", "255.255.255.255/32", "255.255.255.0/24"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"],
    ["::1", "::/64", "::/48"],
    ["fe80::1", "fe80::/64", "fe80::/48"],
  ])("%s", (address, client, network) => {
    expect(clientKeysOf(address)).toEqual({ client, network });
  });

  it.each([
    "198.51.100.7",
    "::ffff:198.51.100.7",
    "::FFFF:198.51.100.7",
    "::ffff:c633:6407",
    "0:0:0:0:0:ffff:c633:6407",
    "64:ff9b::198.51.100.7",
    "64:ff9b::c633:6407",
    "0064:ff9b:0:0:0:0:c633:6407",
    "::ffff:198.51.100.7%eth0",
  ])("are those of IPv4 for %s", (address) => {
    expect(clientKeysOf(address)).toEqual({ client: "198.51.100.7/32", network: "198.51.100.0/24" });
  });

  it.each(["2001:db8:1:2::1", "2001:0DB8:0001:0002:ffff::", "2001:db8:1:2::1%en0", "2001:db8:1:2:0:0:0:9%25"])(
    "are those of the host's network for %s",
    (address) => {
      expect(clientKeysOf(address)).toEqual({ client: "2001:db8:1:2::/64", network: "2001:db8:1::/48" });
    },
  );

  it("are not those of IPv4 for what only resembles an embedded address", () => {
    expect(clientKeysOf("64:ff9b:1::198.51.100.7")?.client).toBe("64:ff9b:1::/64");
    expect(clientKeysOf("::fffe:198.51.100.7")?.client).toBe("::/64");
  });

  it.each([
    "",
    " ",
    "unknown",
    "198.51.100",
    "198.51.100.256",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "2130706433",
    "1.2.3.4 ",
    "1.2.3.4:80",
    "[::1]",
    ":::",
    "%eth0",
    "1".repeat(10_000),
  ])("are none for %j", (address) => {
    expect(clientKeysOf(address)).toBeUndefined();
  });

  it("are the same for every host of a /64, and others for others", () => {
    const part = fc.integer({ min: 0, max: 0xffff }).map((number) => number.toString(16));
    fc.assert(
      fc.property(
        fc.tuple(part, part, part, part),
        fc.tuple(part, part, part, part),
        fc.tuple(part, part, part, part),
        (site, host, other) => {
          fc.pre(site[0] !== "0" && site[0] !== "64");
          const of = (parts: readonly string[]) => clientKeysOf(parts.join(":"));
          expect(of([...site, ...host])).toEqual(of([...site, ...other]));
          const next = [...site.slice(0, 3), (Number.parseInt(site[3], 16) ^ 1).toString(16)];
          expect(of([...next, ...host])?.client).not.toBe(of([...site, ...host])?.client);
          expect(of([...next, ...host])?.network).toBe(of([...site, ...host])?.network);
        },
      ),
    );
  });
});
