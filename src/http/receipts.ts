import type { IncomingMessage, ServerResponse } from "node:http";
import type { ReceiptCall } from "../otp/receipt.ts";
import { StoreUnavailable } from "../otp/refusal.ts";
import { readReceiptBody } from "./receipts-body.ts";

export type ReceiptRoutes = {
  /** Where vendors reach this service, without a slash at its end: what they sign begins with it. */
  readonly publicUrl: string;
  /** Methods by which a provider's vendor calls; undefined where no receipts of it are taken. */
  methodsOf(provider: string): readonly string[] | undefined;
  take(provider: string, call: ReceiptCall): Promise<"taken" | "no_provider" | "forged" | "malformed" | "unavailable">;
};

/** Answers and resolves to true, or to false for a path that is none of its own. */
export type AnswerReceipt = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/** `/receipts/PROVIDER` and, where the vendor allows an address for each message, `/receipts/PROVIDER/NAME`. */
const form = /^\/receipts\/([a-z][a-z0-9-]{0,39})(?:\/([A-Za-z0-9._-]{1,100}))?$/;

/** At most so many at once, so that bodies take some tens of megabytes at most. */
const maxAtOnce = 512;

/** Receipts of vendors. No page has any business here, hence no headers for browsers. */
export function createReceiptRoute({ publicUrl, methodsOf, take }: ReceiptRoutes): AnswerReceipt {
  let underWay = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<Answer> => {
    const { path, query } = splitUrl(request.url ?? "");
    const [, provider = "", name = ""] = form.exec(path) ?? [];
    const methods = methodsOf(provider);
    if (!methods) return { status: 404, error: "receipts of no provider are taken here" };
    if (!methods.includes(request.method ?? "")) {
      response.setHeader("allow", methods.join(", "));
      return { status: 405, error: `receipts of this provider come by ${methods.join(" or ")}` };
    }
    const body = await readReceiptBody(request);
    if (!Buffer.isBuffer(body)) return bodyAnswers[body];
    const header = (wanted: string) => {
      const [value, second] = request.headersDistinct[wanted] ?? [];
      return second === undefined ? value : undefined;
    };
    const call = { method: request.method ?? "", url: `${publicUrl}${request.url}`, name, query: new URLSearchParams(query), header, body };
    return takenAnswers[await take(provider, call)];
  };
  return async (request, response) => {
    if (!/^\/receipts(?:[/?]|$)/.test(request.url ?? "")) return false;
    if (underWay >= maxAtOnce) {
      send(response, busy);
      return true;
    }
    underWay += 1;
    try {
      send(response, await answer(request, response));
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      send(response, later);
    } finally {
      underWay -= 1;
    }
    return true;
  };
}

/** Statuses are what makes vendors try again (5xx) or not (all others). */
type Answer = { readonly status: number; readonly error?: string };

const later: Answer = { status: 503, error: "the receipt cannot be recorded now; send it again" };
const busy: Answer = { status: 503, error: "too many receipts at once; send it again" };

const takenAnswers = {
  taken: { status: 200 },
  no_provider: { status: 404, error: "receipts of no provider are taken here" },
  forged: { status: 403, error: "the signature does not hold for this request at this time" },
  malformed: { status: 400, error: "this is no receipt of a message" },
  unavailable: { status: 503, error: "the signature cannot be checked now; send it again" },
} as const satisfies Record<string, Answer>;

const bodyAnswers = {
  too_large: { status: 413, error: "a receipt has at most 64 KiB" },
  too_slow: { status: 408, error: "a receipt has to arrive within 5 seconds" },
  broken: { status: 400, error: "the request ended early" },
} as const satisfies Record<string, Answer>;

function send(response: ServerResponse, { status, error }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const body = error === undefined ? "" : `${JSON.stringify({ error })}\n`;
  // What was not read to its end cannot be followed by another request.
  if (status === 413 || status === 408 || status === 503) response.setHeader("connection", "close");
  if (status === 503) response.setHeader("retry-after", "5");
  if (error !== undefined) response.setHeader("content-type", "application/json; charset=utf-8");
  response.writeHead(status, { "content-length": Buffer.byteLength(body) }).end(body);
}

function splitUrl(url: string): { readonly path: string; readonly query: string } {
  const at = url.indexOf("?");
  return at < 0 ? { path: url, query: "" } : { path: url.slice(0, at), query: url.slice(at + 1) };
}
