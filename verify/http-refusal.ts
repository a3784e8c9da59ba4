import type { Refused } from "./guard.ts";

/** What a request of Express, of Fastify and of node:http have in common. */
export type HttpRequest = { readonly headers: Readonly<Record<string, string | string[] | undefined>> };

/** RFC 9110, section 11.6.1: a 401 names what it asks for. */
export const refusalHeaders = ({ purpose, reason }: Refused): Record<string, string> => ({
  "content-type": "application/json",
  "cache-control": "no-store",
  "www-authenticate": `Countersign purpose=${quote(purpose)}, error=${quote(reason)}`,
});

/** RFC 9110, section 5.6.4; what no header can hold is left out. */
const quote = (value: string): string => `"${value.replace(/[^\x20-\x7e]/g, "").replace(/["\\]/g, "\\$&")}"`;

export const onlyValue = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? undefined : value);
