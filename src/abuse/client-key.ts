import ipaddr from "ipaddr.js";

/** What the sends of an address are counted by. An IPv6 host has at least a /64 to itself, and a site a /48 (RFC 6177). */
export type ClientKeys = {
  /** `198.51.100.7/32`, `2001:db8:1:2::/64`. */
  readonly client: string;
  /** `198.51.100.0/24`, `2001:db8:1::/48`. */
  readonly network: string;
};

/** Undefined for what is no address. However an address is written, and by whichever translator it came, its keys are the same. */
export function clientKeysOf(ipAddress: string): ClientKeys | undefined {
  const address = parseAddress(ipAddress);
  if (!address) return undefined;
  return address.kind() === "ipv4"
    ? { client: masked(address, 32), network: masked(address, 24) }
    : { client: masked(address, 64), network: masked(address, 48) };
}

type IpAddress = ipaddr.IPv4 | ipaddr.IPv6;

const longestAddress = 45;

function parseAddress(text: string): IpAddress | undefined {
  // A zone names an interface of our own host, and says nothing of the other one (RFC 4007).
  const [address = ""] = text.split("%", 1);
  if (address.length > longestAddress) return undefined;
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return ipaddr.IPv4.parse(address);
  // Not `isValid`, which also takes an octal, a hexadecimal or a single number for IPv4.
  return ipaddr.IPv6.isValid(address) ? embeddedOf(ipaddr.IPv6.parse(address)) : undefined;
}

/** An IPv4 host behind a dual-stack socket (RFC 4291, 2.5.5.2) or a NAT64 with the well-known prefix (RFC 6052). */
function embeddedOf(address: ipaddr.IPv6): IpAddress {
  const isEmbedded = address.isIPv4MappedAddress() || address.match(ipaddr.IPv6.parseCIDR("64:ff9b::/96"));
  return isEmbedded ? new ipaddr.IPv4(address.toByteArray().slice(-4)) : address;
}

function masked(address: IpAddress, bits: number): string {
  const bytes = address.toByteArray().map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - 8 * index))) & 0xff);
  return `${ipaddr.fromByteArray(bytes)}/${bits}`;
}
