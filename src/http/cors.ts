import type { IncomingMessage, ServerResponse } from "node:http";
import { cors } from "@connectrpc/connect";

const allowHeaders = ["Authorization", ...cors.allowedHeaders].join(", ");
/** `Date` tells the browser the server's time, by which it counts down to the next message. */
const exposeHeaders = ["Date", "Retry-After", ...cors.exposedHeaders].join(", ");
/** Two hours: the most that Chromium remembers a preflight. */
const preflightSeconds = 7200;

/** Sets the headers that let the listed origins call, and no others. True when the request was a preflight, now answered. */
export function answerCors(request: IncomingMessage, response: ServerResponse, origins: ReadonlySet<string>): boolean {
  const { origin } = request.headers;
  if (origins.size > 0) response.setHeader("vary", "Origin");
  const known = origin !== undefined && origins.has(origin);
  if (known) {
    response.setHeader("access-control-allow-origin", origin);
    response.setHeader("access-control-expose-headers", exposeHeaders);
  }
  if (request.method !== "OPTIONS") return false;
  if (known) {
    response.setHeader("access-control-allow-methods", "GET, POST");
    response.setHeader("access-control-allow-headers", allowHeaders);
    response.setHeader("access-control-max-age", preflightSeconds);
  }
  response.writeHead(204, { allow: "GET, POST, OPTIONS" }).end();
  return true;
}
