import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { sendJson } from "./routes.ts";

/** Ends the connection of who may not stay, and is told of who asks for something. */
export type Gate = { admit(socket: Socket): boolean; asked(socket: Socket): void };

export type Http1Limits = {
  readonly maxHeaderFields: number;
  /** Connections are renewed so that load balancers can spread them again. */
  readonly maxAgeMs: number;
};

/** Looks at a request before anything else does, and answers true when that was all. */
export function createDoor({ maxHeaderFields, maxAgeMs }: Http1Limits, gate: Gate | undefined) {
  const askedFirst = new WeakMap<Socket, number>();
  return ({ socket, rawHeaders }: IncomingMessage, response: ServerResponse): boolean => {
    gate?.asked(socket);
    const now = performance.now();
    const since = askedFirst.get(socket);
    if (since === undefined) askedFirst.set(socket, now);
    else if (now - since > maxAgeMs) response.setHeader("connection", "close");
    if (rawHeaders.length <= 2 * maxHeaderFields) return false;
    // Node would leave out those above the limit without a word, whichever they are.
    sendJson(response, 431, { error: `more than ${maxHeaderFields} header fields` }, { connection: "close" });
    return true;
  };
}
