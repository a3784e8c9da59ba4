import { type LookupAddress, lookup as systemLookup } from "node:dns";
import http from "node:http";
import https from "node:https";
import { isIPv6, type LookupFunction } from "node:net";
import { isPublicAddress } from "./public-address.ts";

/** The name stands for addresses only that we do not connect to. */
export class AddressRefused extends Error {
  constructor(host: string) {
    super(`${host} has no address that may be connected to`);
    this.name = "AddressRefused";
  }
}

export type Guarded = {
  readonly url: URL;
  /** The operator named this host as one that may be anywhere. */
  readonly privateAllowed: boolean;
  /** Who signs the server's certificate, in PEM. */
  readonly ca?: string | undefined;
  /** How names are resolved; by default as the system does. */
  readonly lookup?: LookupFunction | undefined;
};

/**
 * Looks at the very addresses that are then connected to: a name that was looked at before could stand for another address by the
 * time of the connection. Addresses written in the URL itself never come by here; `endpoint-config.ts` looks at those.
 */
export function createGuardedAgent({ url, privateAllowed, ca, lookup = systemLookup as LookupFunction }: Guarded): http.Agent {
  const secure = url.protocol === "https:";
  // Unencrypted, what leaves for the internet could be read by everybody on the way, whatever the name was trusted for.
  const mayConnect = (address: string) => (isPublicAddress(address) ? secure : privateAllowed);
  // Connections idle for 5 s are dropped: one the server has dropped meanwhile would take a message to an unknown fate.
  const options = { keepAlive: true, maxSockets: 64, timeout: 5_000, lookup: guard(lookup, mayConnect) };
  return secure ? new https.Agent({ ...options, minVersion: "TLSv1.2", ...(ca !== undefined && { ca }) }) : new http.Agent(options);
}

function guard(lookup: LookupFunction, mayConnect: (address: string) => boolean): LookupFunction {
  return (host, options, done) => {
    lookup(host, { ...options, all: true }, (error, found) => {
      if (error) return done(error, "");
      const allowed = listOf(found).filter(({ address }) => mayConnect(address));
      const [first] = allowed;
      if (!first) done(new AddressRefused(host), "");
      else if (options.all) done(null, [...allowed]);
      else done(null, first.address, first.family);
    });
  };
}

/** Not every implementation heeds `all`. */
const listOf = (found: string | LookupAddress[]): readonly LookupAddress[] =>
  typeof found === "string" ? [{ address: found, family: isIPv6(found) ? 6 : 4 }] : found;
