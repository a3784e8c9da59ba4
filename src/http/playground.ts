/** The page at `/` in development mode, and what it is made of. */
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { InboxMessage } from "./routes.ts";

/** Answers and resolves to true, or resolves to false for a path that is none of the playground's. */
export type AnswerPlayground = (
  path: string,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<boolean>;

export type PlaygroundOptions = {
  /** Where `web/build.ts` has put the page, ending in a slash. */
  readonly folder: URL;
  /** Address of the gRPC listener, for the commands that the page shows. */
  readonly grpc: string;
  readonly listInbox: () => readonly InboxMessage[];
};

export function createPlayground({ folder, grpc, listInbox }: PlaygroundOptions): AnswerPlayground {
  const find = async (path: string, query: URLSearchParams): Promise<Answer | undefined> => {
    const file = files[path];
    if (file) return readPart(new URL(file.name, folder), file);
    if (path === "/playground/service.json") return { status: 200, type: types.json, body: JSON.stringify({ grpc }) };
    if (path === "/playground/inbox.json")
      return { status: 200, type: types.json, body: JSON.stringify(listInbox().slice(0, shownMessages)) };
    if (path === "/dev/inbox/email") return showEmail(listInbox(), query);
    return undefined;
  };
  return async (path, query, request, response) => {
    const answer = await find(path, query);
    if (!answer) return false;
    if (request.method === "GET" || request.method === "HEAD") send(response, answer, request.method === "GET");
    else response.writeHead(405, { allow: "GET, HEAD" }).end();
    return true;
  };
}

/** The page asks every second, and a phone shows no more. */
const shownMessages = 12;

type Answer = { readonly status: number; readonly type: string; readonly body: string | Buffer; readonly csp?: string };
type Part = { readonly name: string; readonly type: string; readonly csp?: string };

const types = {
  html: "text/html; charset=utf-8",
  script: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json; charset=utf-8",
  text: "text/plain; charset=utf-8",
};

/** No inline script or style, nothing from elsewhere, and no text of a message ever parsed as HTML in the page itself. */
const pageCsp = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/**
 * An email has the inline styles that mail programs want, and an HTML document in `srcdoc` would be held to the page's policy: hence an
 * address of its own. Nothing in it runs and nothing is fetched; its origin is kept only so that the page can read its height.
 */
const emailCsp = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox allow-same-origin";

const files: Readonly<Record<string, Part>> = {
  "/": { name: "playground.html", type: types.html, csp: pageCsp },
  "/playground/playground.css": { name: "playground.css", type: types.css },
  "/playground/playground.js": { name: "playground.js", type: types.script },
  "/playground/countersign-code.js": { name: "countersign-code.js", type: types.script },
  "/playground/countersign-phone.js": { name: "countersign-phone.js", type: types.script },
};

const notBuilt: Answer = {
  status: 503,
  type: types.text,
  body: "The playground is not built yet. Run `node web/build.ts` in the folder of Countersign (with its own Node.js: `npm exec -- node web/build.ts`) and reload this page.\n",
};

/** Read anew each time, so that a rebuilt page is seen at once. */
async function readPart(url: URL, { type, csp }: Part): Promise<Answer> {
  try {
    return { status: 200, type, body: await readFile(url), ...(csp !== undefined && { csp }) };
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return notBuilt;
    throw cause;
  }
}

function showEmail(messages: readonly InboxMessage[], query: URLSearchParams): Answer {
  const [challengeId, sentAt] = [query.get("challengeId"), query.get("sentAt")];
  const message = messages.find((each) => each.html !== undefined && each.challengeId === challengeId && each.sentAt === sentAt);
  if (message?.html === undefined) return { status: 404, type: types.text, body: "No such email in the inbox.\n" };
  return { status: 200, type: types.html, body: message.html, csp: emailCsp };
}

function send(response: ServerResponse, { status, type, body, csp }: Answer, withBody: boolean): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    ...(csp !== undefined && { "content-security-policy": csp }),
  });
  response.end(withBody ? body : undefined);
}
