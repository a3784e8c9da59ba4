import type { IncomingMessage, ServerResponse } from "node:http";
import { type AnswerCaptcha, captchaChallengePath } from "./captcha-challenge.ts";
import { type AnswerJwks, jwksPath } from "./jwks.ts";
import { type AnswerMetrics, metricsPath } from "./metrics.ts";
import type { AnswerPlayground } from "./playground.ts";
import type { AnswerReceipt } from "./receipts.ts";
import { type AnswerSecurityTxt, securityTxtPath } from "./security-txt.ts";

/** A message in the development inbox, as `GET /dev/inbox` shows it. */
export type InboxMessage = {
  readonly channel: string;
  readonly to: string;
  readonly subject?: string;
  readonly text: string;
  readonly code: string;
  readonly challengeId: string;
  readonly sentAt: string;
  /** The email as mail programs show it. */
  readonly html?: string;
  /** What a call says before and after the code. */
  readonly speech?: { readonly before: string; readonly after: string; readonly locale: string };
};

export type Routes = {
  /** Whether calls would be served now: false while starting, draining, or without a store. */
  readonly isReady: () => boolean | Promise<boolean>;
  /** What is counted; none where no address is configured for it, or it is another listener's. */
  readonly answerMetrics?: AnswerMetrics;
  /** Only in development: newest first. */
  readonly listInbox?: (to: string | undefined) => readonly InboxMessage[];
  /** The public keys of proofs; none while proofs are not signed. */
  readonly answerJwks?: AnswerJwks;
  /** Where to report a vulnerability; none where nobody is named. */
  readonly answerSecurityTxt?: AnswerSecurityTxt;
  /** What vendors tell of messages; none while no receipts are asked for. */
  readonly answerReceipt?: AnswerReceipt;
  /** Challenges of the built-in captcha; none where no such captcha is configured. */
  readonly answerCaptcha?: AnswerCaptcha;
  /** Only in development: the page at `/`. */
  readonly answerPlayground?: AnswerPlayground;
};

export async function answerRoute(request: IncomingMessage, response: ServerResponse, routes: Routes): Promise<void> {
  const [path, query] = splitUrl(request.url ?? "");
  if (path === jwksPath && routes.answerJwks) return routes.answerJwks(request, response);
  if (path === metricsPath && routes.answerMetrics) return routes.answerMetrics(request, response);
  if (path === securityTxtPath && routes.answerSecurityTxt) return routes.answerSecurityTxt(request, response);
  if (await routes.answerPlayground?.(path, query, request, response)) return;
  const route = findRoute([path, query], request, routes);
  if (!route) return sendJson(response, 404, { error: `nothing is served at ${path}` });
  if (request.method !== "GET") return sendJson(response, 405, { error: `${path} is read by GET` }, { allow: "GET" });
  const { status, body, headers } = await route();
  sendJson(response, status, body, headers);
}

export function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}

type Answer = { readonly status: number; readonly body: unknown; readonly headers?: Record<string, string> };

function findRoute(
  [path, query]: readonly [path: string, query: URLSearchParams],
  request: IncomingMessage,
  { isReady, listInbox, answerCaptcha }: Routes,
): (() => Answer | Promise<Answer>) | undefined {
  if (path === captchaChallengePath && answerCaptcha) return () => answerCaptcha(request, query);
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
