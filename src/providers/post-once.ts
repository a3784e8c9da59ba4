import http from "node:http";
import https from "node:https";

export type HttpAnswer = { readonly status: number; readonly body: string };

/** No usable answer came. `written`: the request may have reached the server, so it must not be repeated blindly. */
export class NoAnswer extends Error {
  readonly written: boolean;
  readonly failure: "timeout" | "unreachable" | "provider_error";

  constructor(written: boolean, failure: NoAnswer["failure"], cause: unknown) {
    super(`no answer: ${failure}`, { cause });
    this.name = "NoAnswer";
    this.written = written;
    this.failure = failure;
  }
}

export type HttpPost = {
  readonly method?: "GET" | "POST" | "PUT";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a GET, empty. */
  readonly body: string;
  readonly agent: http.Agent;
  /** Ends everything: waiting for a connection, the request, and a body that drips. */
  readonly signal: AbortSignal;
  /** Called when the request may have reached the server. */
  readonly onWritten?: (() => void) | undefined;
};

/** An answer of a few hundred bytes is normal. */
const maxBodyBytes = 64 * 1024;

/**
 * One request, never repeated and never redirected. `fetch` would do, but it does not tell a request that never left from one whose
 * answer was lost, and on that depends whether a second message may be sent.
 */
export function postOnce(post: HttpPost): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { url, headers, agent, signal, onWritten } = post;
    let written = false;
    const leave = () => {
      written = true;
      onWritten?.();
    };
    const fail = (cause: unknown, failure: NoAnswer["failure"] = "unreachable") =>
      reject(new NoAnswer(written, signal.aborted ? "timeout" : failure, cause));
    if (signal.aborted) return fail(signal.reason);
    const body = Buffer.from(post.body);
    const secure = url.protocol === "https:";
    const request = (secure ? https : http).request(url, {
      method: post.method ?? "POST",
      headers: { ...headers, ...(post.method !== "GET" && { "content-length": body.length }) },
      agent,
      signal,
    });
    request.on("socket", (socket) => {
      if (request.reusedSocket) leave();
      else socket.once(secure ? "secureConnect" : "connect", leave);
    });
    request.on("error", fail);
    request.on("response", (response) => {
      readBody(response).then((text) => {
        if (text === undefined) fail(new Error(`the answer is over ${maxBodyBytes} bytes`), "provider_error");
        else resolve({ status: response.statusCode ?? 0, body: text });
      }, fail);
    });
    request.end(body);
  });
}

/** Undefined when there is more than anybody should send; leaving the loop destroys the connection. */
async function readBody(response: http.IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
