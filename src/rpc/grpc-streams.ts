/**
 * What grpc-js decides before a handler is asked, corrected. It reads `grpc-timeout` without a cap and with 32-bit overflow (a
 * day becomes no time), and answers its own refusals without the details this API promises. Both are done on the HTTP/2
 * stream, because grpc-js runs its own refusals past its interceptors.
 */
import type { Http2Server, IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream, ServerStreamResponseOptions } from "node:http2";
import { constants } from "node:http2";
import { Code, type ConnectError } from "@connectrpc/connect";
import type { Metadata, Server } from "@grpc/grpc-js";
import type { Refusal } from "../otp/refusal.ts";
import { askedTimeoutKey, parseDeadline } from "./deadline.ts";
import { detailsKey, encodeDetails } from "./grpc-status.ts";
import { healthWatchPath } from "./health.ts";
import { accept, deadlineExceeded, toConnectError } from "./status.ts";

export type StreamLimits = {
  readonly maxDeadlineMs: number;
  readonly maxStreamMs: number;
  /** Of the RPCs whose answer is a stream. */
  readonly streamPaths: ReadonlySet<string>;
};

/** Cuts off the answers that are streams, and whose readers have not taken their end. */
export type CutStreams = () => void;

/** To be called once, before the first connection. */
export function correctStreams(server: Server, limits: StreamLimits, onSession: (http2Server: Http2Server) => void): CutStreams {
  const streams = new Set<ServerHttp2Stream>();
  // The field is private, but has been there since connection injectors have; there is no public way to the HTTP/2 server.
  const { http2Servers } = server as unknown as { readonly http2Servers: ReadonlyMap<Http2Server, unknown> };
  for (const http2Server of http2Servers.keys()) {
    http2Server.prependListener("stream", (stream, headers) => {
      const isStream = limits.streamPaths.has(headers[":path"] ?? "");
      if (isStream) remember(streams, stream);
      lowerTimeout(headers, isStream ? limits.maxStreamMs : limits.maxDeadlineMs);
      stream.respond = respond;
      stream.sendTrailers = sendTrailers;
    });
    onSession(http2Server);
  }
  return () => {
    for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
  };
}

function lowerTimeout(headers: IncomingHttpHeaders, maxMs: number): void {
  const asked = headers["grpc-timeout"] as string | undefined;
  if (asked === undefined && headers[":path"] === healthWatchPath) return;
  if (asked !== undefined) headers[askedTimeoutKey] = asked;
  const deadline = parseDeadline("grpc-timeout", asked, maxMs);
  headers["grpc-timeout"] = `${deadline.ok ? deadline.value : maxMs}m`;
}

function remember(streams: Set<ServerHttp2Stream>, stream: ServerHttp2Stream): void {
  streams.add(stream);
  stream.once("close", () => streams.delete(stream));
}

/** How many milliseconds the caller gave this call, if it said; throws the refusal of a `grpc-timeout` that is not one. */
export function askedTimeout(metadata: Metadata): number | undefined {
  const [asked] = metadata.get(askedTimeoutKey);
  return asked === undefined ? undefined : accept(parseDeadline("grpc-timeout", asked.toString(), Number.POSITIVE_INFINITY));
}

type Stream = { [K in "respond" | "sendTrailers"]: ServerHttp2Stream[K] };

function respond(this: ServerHttp2Stream, headers?: OutgoingHttpHeaders | readonly string[], options?: ServerStreamResponseOptions): void {
  if (headers && "grpc-status" in headers) explain(headers);
  (Object.getPrototypeOf(this) as Stream).respond.call(this, headers, options);
}

function sendTrailers(this: ServerHttp2Stream, headers: OutgoingHttpHeaders): void {
  explain(headers);
  (Object.getPrototypeOf(this) as Stream).sendTrailers.call(this, headers);
}

/**
 * Gives a refusal that grpc-js made by itself the details it would have had from us; ours have them already. And keeps to the
 * specification where grpc-js does not: no message with OK, no padding in binary values.
 */
function explain(headers: OutgoingHttpHeaders): void {
  const code = Number(headers["grpc-status"]);
  if (code === 0) {
    delete headers["grpc-message"];
    return;
  }
  const error = headers[detailsKey] === undefined ? ownError(code, String(headers["grpc-message"] ?? "")) : undefined;
  if (error) {
    headers["grpc-status"] = error.code;
    headers["grpc-message"] = encodeURI(error.rawMessage);
    headers[detailsKey] = encodeDetails(error).toString("base64");
  }
  const details = headers[detailsKey];
  if (typeof details === "string" && details.endsWith("=")) headers[detailsKey] = details.replace(/=+$/, "");
}

function ownError(code: number, encodedMessage: string): ConnectError | undefined {
  if (code === Code.DeadlineExceeded) return toConnectError(deadlineExceeded);
  if (code === Code.ResourceExhausted) return toConnectError({ reason: "MESSAGE_TOO_LARGE", message: "the request is too large" });
  const message = plain(encodedMessage);
  if (code === Code.Unimplemented && message.startsWith(unknownCompression)) return toConnectError({ reason: "UNIMPLEMENTED", message });
  // The only INTERNAL of grpc-js that a caller can bring about.
  if (code === Code.Internal && message === brokenCompression) return toConnectError(notCompressed);
  return undefined;
}

const unknownCompression = "Received message compressed with unsupported encoding";
const brokenCompression = "Failed to decompress message";

const notCompressed: Refusal = {
  reason: "INVALID_ARGUMENT",
  message: "body: is not compressed as grpc-encoding says",
  violations: [{ field: "body", description: "is not compressed as grpc-encoding says" }],
};

/** grpc-js percent-encodes most messages, but not the one about an unknown method. */
function plain(message: string): string {
  try {
    return decodeURI(message);
  } catch {
    return message;
  }
}
