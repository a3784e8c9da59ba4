import { BlockList, isIPv4, isIPv6 } from "node:net";

/**
 * Whether an IP address is somebody's on the internet, by the registries of special-purpose addresses
 * (https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry). Of IPv6 nothing but 2000::/3 has been
 * given to anybody. An IPv4 address that travels inside an IPv6 one (::ffff:0:0/96, and 64:ff9b::/96 of NAT64) is judged by itself.
 */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !special.check(address, "ipv4");
  // A zone (fe80::1%eth0) names a link of this machine.
  if (!isIPv6(address) || address.includes("%")) return false;
  const inner = embeddedIpv4(address);
  if (inner !== undefined) return isPublicAddress(inner);
  return assigned.check(address, "ipv6") && !special.check(address, "ipv6");
}

const assigned = new BlockList();
assigned.addSubnet("2000::", 3, "ipv6");

const special = new BlockList();
const ipv4: readonly (readonly [network: string, prefix: number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["168.63.129.16", 32], // Azure's own services, metadata among them, behind an address that looks public
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];
/** Within 2000::/3: Teredo and its like, documentation, 6to4 (which wraps any IPv4 address). */
const ipv6: readonly (readonly [network: string, prefix: number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];
for (const [network, prefix] of ipv4) special.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of ipv6) special.addSubnet(network, prefix, "ipv6");

function embeddedIpv4(address: string): string | undefined {
  // The URL parser knows one spelling of each address only, in which the last 32 bits are two groups.
  const spelling = URL.parse(`http://[${address}]`)?.hostname ?? "";
  const [, high, low] = /^\[(?:::ffff:|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(spelling) ?? [];
  if (high === undefined || low === undefined) return undefined;
  const bits = [high, low].map((group) => Number.parseInt(group, 16));
  return bits.flatMap((group) => [group >> 8, group & 255]).join(".");
}
