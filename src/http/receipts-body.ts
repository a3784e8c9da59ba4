import type { IncomingMessage } from "node:http";

const maxBytes = 64 * 1024;
const maxMs = 5_000;

/** The whole body, or why there is none. Vendors send a few hundred bytes at once. */
export function readReceiptBody(request: IncomingMessage): Promise<Buffer | "too_large" | "too_slow" | "broken"> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (result: Buffer | "too_large" | "too_slow" | "broken"): void => {
      clearTimeout(timer);
      request.off("data", take);
      resolve(result);
    };
    const timer = setTimeout(() => end("too_slow"), maxMs);
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) end("too_large");
      else chunks.push(chunk);
    };
    if (Number(request.headers["content-length"] ?? 0) > maxBytes) return end("too_large");
    request.on("data", take);
    request.once("end", () => end(Buffer.concat(chunks)));
    request.once("error", () => end("broken"));
    request.once("close", () => end("broken"));
  });
}
