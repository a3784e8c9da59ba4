import type { IncomingMessage, ServerResponse } from "node:http";
import { type AnswerJwks, jwksPath } from "./jwks.ts";

/** A message in the development inbox, as `GET /dev/inbox` shows it. */
export type InboxMessage = {
  readonly channel: string;
  readonly to: string;
  readonly subject?: string;
  readonly text: string;
  readonly code: string;
  readonly challengeId: string;
  readonly sentAt: string;
};

export type Routes = {
  /** Whether calls would be served now: false while starting, draining, or without a store. */
  readonly isReady: () => boolean | Promise<boolean>;
  /** Only in development: newest first. */
  readonly listInbox?: (to: string | undefined) => readonly InboxMessage[];
  /** The public keys of proofs; none while proofs are not signed. */
  readonly answerJwks?: AnswerJwks;
};

export async function answerRoute(request: IncomingMessage, response: ServerResponse, routes: Routes): Promise<void> {
  const [path, query] = splitUrl(request.url ?? "");
  if (path === jwksPath && routes.answerJwks) return routes.answerJwks(request, response);
  const route = findRoute(path, query, routes);
  if (!route) return sendJson(response, 404, { error: `nothing is served at ${path}` });
  if (request.method !== "GET") return sendJson(response, 405, { error: `${path} is read by GET` }, { allow: "GET" });
  const { status, body } = await route();
  sendJson(response, status, body);
}

export function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}

type Answer = { readonly status: number; readonly body: unknown };

function findRoute(path: string, query: URLSearchParams, { isReady, listInbox }: Routes): (() => Answer | Promise<Answer>) | undefined {
  if (path === "/healthz") return () => ({ status: 200, body: { status: "up" } });
  if (path === "/readyz") return async () => ((await isReady()) ? ready : notReady);
  if (path === "/dev/inbox" && listInbox) return () => ({ status: 200, body: listInbox(recipientIn(query)) });
  return undefined;
}

const ready: Answer = { status: 200, body: { status: "ready" } };
const notReady: Answer = { status: 503, body: { status: "not ready" } };

/** A `+` that was not encoded arrives as a space, and no recipient starts with one. */
const recipientIn = (query: URLSearchParams): string | undefined => query.get("to")?.replace(/^ /, "+").trim() || undefined;

/** Without `URL`, which throws on what a Host header or a path can hold. */
function splitUrl(url: string): [path: string, query: URLSearchParams] {
  const at = url.indexOf("?");
  return at < 0 ? [url, new URLSearchParams()] : [url.slice(0, at), new URLSearchParams(url.slice(at + 1))];
}
