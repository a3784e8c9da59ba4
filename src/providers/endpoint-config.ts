import { isIP, isIPv6 } from "node:net";
import { z } from "zod";
import { isPublicAddress } from "./public-address.ts";

/** Settings of providers whose server the operator chooses. */
export const endpointUrl = (more: string) => {
  const write = `an https:// URL without credentials or fragment${more}; http:// only for a host in allowPrivateHosts`;
  return z
    .string({ error: `write ${write}` })
    .max(2048, `write ${write}, at most 2048 characters`)
    .refine(isEndpoint, `write ${write}`)
    .meta({ description: `where messages go: ${write}`, secret: true });
};

const hostForm = "the name or IP address of a host, as it stands in the URL";

export const allowPrivateHosts = z
  .array(
    z.string({ error: `write ${hostForm}` }).refine((host) => canonicalHost(host) !== undefined, `write ${hostForm}`),
    {
      error: "write a list of at most 20 hosts",
    },
  )
  .max(20, "write a list of at most 20 hosts")
  .default([])
  .meta({
    description: `hosts that may have private, loopback, link-local and other special addresses, which are refused otherwise; each ${hostForm}`,
  });

export const certificates = z
  .string({ error: "write certificates in PEM" })
  .includes("-----BEGIN CERTIFICATE-----", { error: "write certificates in PEM, beginning with -----BEGIN CERTIFICATE-----" })
  .optional()
  .meta({ description: "who signs the server's certificate, in PEM; default: the authorities Node.js knows" });

/** Those by which one request could be made to look like another, and those that say what only the service knows. */
const reserved = /^(?:content-.*|webhook-.*|proxy-.*|host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect)$/i;
const headerName =
  "a header's name of letters, digits and hyphens; host, content-*, webhook-*, proxy-* and those of the connection are the service's own";

/** By name; what a value may be differs. */
export const headersOf = <Value extends z.ZodType<string>>(value: Value) =>
  z
    .record(
      z.string().refine((name) => /^[A-Za-z0-9-]{1,64}$/.test(name) && !reserved.test(name), `write ${headerName}`),
      value,
      { error: "write a group of headers (name: value)" },
    )
    .refine((headers) => Object.keys(headers).length <= 32, "write at most 32 headers")
    .refine(
      (headers) => new Set(lowerNames(headers)).size === Object.keys(headers).length,
      "write each header once: upper and lower case make no difference",
    )
    .default({});

/** Header names are compared in lower case, so that an operator's own replaces ours. */
export const lowerHeaders = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const lowerNames = (headers: object): string[] => Object.keys(headers).map((name) => name.toLowerCase());

type Endpoint = { readonly url: string; readonly allowPrivateHosts: readonly string[] };

export function isPrivateAllowed({ url, allowPrivateHosts: allowed }: Endpoint): boolean {
  const hostname = URL.parse(url)?.hostname;
  return hostname !== undefined && allowed.some((host) => canonicalHost(host) === hostname);
}

/** What is wrong with a URL and allowPrivateHosts together, and what to write. Names are looked up when connections are made. */
export function endpointProblem(endpoint: Endpoint): string | undefined {
  const url = URL.parse(endpoint.url);
  if (!url) return undefined;
  const { protocol, hostname } = url;
  const address = isIP(unbracketed(hostname)) ? unbracketed(hostname) : undefined;
  const isPublic = address !== undefined && isPublicAddress(address);
  if (protocol === "http:" && isPublic) return "write an https:// URL: without encryption everybody on the way could read the codes";
  const allowed = isPrivateAllowed(endpoint);
  if (protocol === "http:" && !allowed) return "write an https:// URL, or name its host in allowPrivateHosts";
  const isPrivate = (address !== undefined && !isPublic) || /(?:^|\.)localhost\.?$/.test(hostname);
  return isPrivate && !allowed ? "write a public address, or name this host in allowPrivateHosts" : undefined;
}

function isEndpoint(text: string): boolean {
  const url = URL.parse(text);
  if (!url || !/^https?:\/\//i.test(text) || /[\s\\]/.test(text)) return false;
  return url.username === "" && url.password === "" && !text.includes("#");
}

/** As the URL parser spells it, which knows 0x7f.1 for what it is. */
function canonicalHost(host: string): string | undefined {
  if (isIPv6(host)) return URL.parse(`http://[${host}]`)?.hostname;
  return /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])$/.test(host) ? URL.parse(`http://${host}`)?.hostname : undefined;
}

const unbracketed = (hostname: string): string => hostname.replace(/^\[|\]$/g, "");
