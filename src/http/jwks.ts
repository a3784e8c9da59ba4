import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

export const jwksPath = "/.well-known/jwks.json";

/** RFC 9111: verifiers may ask again after five minutes; a key is published longer than that before it signs. */
const cacheControl = "public, max-age=300";

export type AnswerJwks = (request: IncomingMessage, response: ServerResponse) => void;

/** Serves a JWK Set (RFC 7517, section 5) that stays the same while the process runs. */
export function createJwksRoute(jwks: { readonly keys: readonly object[] }): AnswerJwks {
  const body = `${JSON.stringify(jwks)}\n`;
  const etag = `"${createHash("sha256").update(body).digest("base64url")}"`;
  const headers = { "cache-control": cacheControl, etag };
  return (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return;
    }
    if (isNamed(etag, request.headers["if-none-match"])) {
      response.writeHead(304, headers).end();
      return;
    }
    // RFC 7517, section 8.5.2.
    response.writeHead(200, { ...headers, "content-type": "application/jwk-set+json", "content-length": Buffer.byteLength(body) });
    response.end(request.method === "HEAD" ? undefined : body);
  };
}

/** RFC 9110, section 13.1.2: `*` or a list, compared weakly. */
const isNamed = (etag: string, ifNoneMatch: string | undefined): boolean =>
  ifNoneMatch?.split(",").some((each) => ["*", etag].includes(each.trim().replace(/^W\//, ""))) ?? false;
