import ipaddr from "ipaddr.js";
import { type ForwardingHeader, readForwarding } from "./forwarded.ts";

/** The proxies in front of us, and the one header in which they write whom they forward for. */
export type TrustedProxies = {
  /** Networks such as `10.0.0.0/8`; without any, no header is believed. */
  readonly networks: readonly string[];
  readonly header: ForwardingHeader;
};

/** The caller's address in canonical form; empty when nobody can say it. `peer`: the other end of the connection. */
export type FindClientAddress = (peer: string | undefined, header: (name: string) => string | undefined) => string;

type IpAddress = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * The other end of the connection, or, while that is a proxy of ours, whom it says it forwards for: from the right, up to the
 * first that is none of ours. What stands left of that one is whatever the caller wrote. Only one header is looked at: a proxy that
 * writes one lets the caller's own version of the other through.
 */
export function createFindClientAddress({ networks, header: name }: TrustedProxies): FindClientAddress {
  const trusted = networks.map((network) => ipaddr.parseCIDR(network));
  const isTrusted = (address: IpAddress): boolean =>
    trusted.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
  return (peer, header) => {
    const near = parseAddress(peer);
    if (!near || !isTrusted(near)) return near?.toString() ?? "";
    return findFar(readForwarding(name, header(name) ?? ""), isTrusted);
  };
}

/** Longer chains are a mistake, or somebody who knows our proxies' addresses and would have us read them all. */
const maxProxies = 20;

function findFar(nodes: Iterable<string>, isTrusted: (address: IpAddress) => boolean): string {
  let proxies = 0;
  let last = "";
  for (const node of nodes) {
    const address = parseNode(node);
    if (!address || proxies === maxProxies) return "";
    last = address.toString();
    if (!isTrusted(address)) return last;
    proxies += 1;
  }
  return last;
}

/** With the port that some proxies add; what hides an address (`_hidden`, `unknown`) is none. */
function parseNode(node: string): IpAddress | undefined {
  const port = /^(\d+(?:\.\d+){3}):\d{1,5}$/.exec(node) ?? /^\[([^\]]+)\](?::\d{1,5})?$/.exec(node);
  return parseAddress(port?.[1] ?? node);
}

const longestAddress = 45;

/** An IPv4 address that came over an IPv6 socket is itself again, and a zone of our own host's says nothing of the other's. */
function parseAddress(text: string | undefined): IpAddress | undefined {
  const [address = ""] = (text ?? "").split("%", 1);
  if (address.length > longestAddress) return undefined;
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return ipaddr.IPv4.parse(address);
  if (!ipaddr.IPv6.isValid(address)) return undefined;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address() : parsed;
}
