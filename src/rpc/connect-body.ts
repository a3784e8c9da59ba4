/**
 * Reads the body of one request, bounded before and after decompression. Connect's own reader would end the connection where a
 * body is too large, so that the caller never sees why; and its refusals have no details.
 */
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip as gunzipCallback } from "node:zlib";
import type { Refusal, Result } from "../otp/refusal.ts";
import { allowed, refused } from "../otp/refusal.ts";

/** The body is thrown away beyond the limit, but read on up to here, so that an honest client gets to read our answer. */
const drainBytes = 1_048_576;
const envelopeBytes = 5;
const compressedFlag = 1;

export type Body =
  | { readonly whole: true; readonly bytes: Buffer }
  /** `drained`: the connection can still be used. */
  | { readonly whole: false; readonly drained: boolean };

/** Undefined when the caller went away. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Body | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (length <= drainBytes) return;
      request.pause();
      resolve({ whole: false, drained: false });
    });
    request.once("end", () =>
      resolve(length <= maxBytes ? { whole: true, bytes: Buffer.concat(chunks) } : { whole: false, drained: true }),
    );
    request.once("close", () => resolve(undefined));
    request.once("error", () => resolve(undefined));
  });
}

/** `content-encoding: gzip` and its like. */
export async function decompress(bytes: Buffer, encoding: string | undefined, maxBytes: number): Promise<Result<Buffer>> {
  if (!encoding || encoding === "identity") return allowed(bytes);
  if (encoding !== "gzip") return unknownEncoding(encoding);
  if (bytes.length === 0) return allowed(bytes);
  try {
    return allowed(await gunzip(bytes, { maxOutputLength: maxBytes }));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return { ok: false, refusal: tooLargeRefusal(maxBytes) };
    return notCompressed;
  }
}

/**
 * Splits the enveloped messages of gRPC-Web and of Connect streams (flags, length, bytes). Only the first is read: none of our
 * methods takes more, and Connect refuses the others by their number.
 */
export async function openEnvelopes(
  body: Buffer,
  encoding: string | undefined,
  maxBytes: number,
): Promise<{ first: Result<Buffer>; count: number }> {
  if (encoding && encoding !== "identity" && encoding !== "gzip") return { first: unknownEncoding(encoding), count: 1 };
  const envelopes = splitEnvelopes(body);
  if (!envelopes.ok) return { first: envelopes, count: 1 };
  const [envelope] = envelopes.value;
  const count = envelopes.value.length;
  if (!envelope) return { first: allowed(body), count };
  if ((envelope.flags & compressedFlag) === 0) return { first: allowed(envelope.bytes), count };
  // The gRPC specification asks for INTERNAL here (https://github.com/grpc/grpc/blob/master/doc/compression.md).
  if (encoding !== "gzip") return { first: refused("INTERNAL", "a compressed message without a compression"), count };
  return { first: await decompress(envelope.bytes, encoding, maxBytes), count };
}

export const tooLargeRefusal = (maxBytes: number): Refusal => ({
  reason: "MESSAGE_TOO_LARGE",
  message: `the request is larger than ${maxBytes} bytes`,
});

const gunzip = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzipCallback);

const unknownEncoding = (encoding: string): Result<never> =>
  refused("UNIMPLEMENTED", `unknown compression ${JSON.stringify(encoding)}; gzip and identity are known`);

const notCompressed = malformedBody("is not compressed as the header says");

function splitEnvelopes(body: Buffer): Result<readonly { flags: number; bytes: Buffer }[]> {
  const envelopes = [];
  for (let at = 0; at < body.length; ) {
    if (at + envelopeBytes > body.length) return malformedBody("is cut off");
    const start = at + envelopeBytes;
    const end = start + body.readUInt32BE(at + 1);
    if (end > body.length) return malformedBody("is cut off");
    envelopes.push({ flags: body.readUInt8(at), bytes: body.subarray(start, end) });
    at = end;
  }
  return allowed(envelopes);
}

function malformedBody(description: string): Result<never> {
  return refused("INVALID_ARGUMENT", `body: ${description}`, { violations: [{ field: "body", description }] });
}
