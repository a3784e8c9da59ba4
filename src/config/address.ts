import { isIP, isIPv6 } from "node:net";

export type Address = { readonly host: string; readonly port: number };

export const addressForm = "HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080; 0.0.0.0 is every IPv4 address, port 0 any free port";

export function parseAddress(text: string): Address | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? "";
  const port = Number(digits ?? Number.NaN);
  const known = bracketed === undefined ? isIP(host) === 4 || isHostName(host) : isIPv6(host);
  return known && port <= 65_535 ? { host, port } : undefined;
}

export function isLoopback({ host }: Address): boolean {
  return host === "localhost" || /^127(\.\d+){3}$/.test(host) || /^(0*:)+0*1$/.test(host);
}

/** A last label of digits only is a mistyped address, not a name (WHATWG URL, "ends in a number"). */
const isHostName = (text: string): boolean =>
  text.length <= 253 && /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/.test(text) && !/(^|\.)\d+$/.test(text);
