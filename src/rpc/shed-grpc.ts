import { constants, type Http2Server, type OutgoingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { detailsKey, encodeDetails } from "./grpc-status.ts";
import { overloaded } from "./shed.ts";
import { toConnectError } from "./status.ts";

export type StreamDoor = {
  readonly maxHeaderBytes: number;
  mayServe(path: string): boolean;
  /** Given each stream that may, and what makes a call of it. */
  letIn(stream: ServerHttp2Stream, becomeCall: () => void): void;
};

/**
 * Answers what may not be served before grpc-js sees it, which would make a call of it first. To be called after everything that
 * listens for streams, and before the first connection.
 */
export function shedStreams(http2Server: Http2Server, { maxHeaderBytes, mayServe, letIn }: StreamDoor): void {
  const listeners = http2Server.listeners("stream");
  http2Server.removeAllListeners("stream");
  http2Server.on("stream", (stream, headers, flags, rawHeaders) => {
    if (sizeOf(rawHeaders) > maxHeaderBytes) return takeBack(stream);
    if (!mayServe(headers[":path"] ?? "")) return refuse(stream);
    letIn(stream, () => {
      for (const listener of listeners) listener.call(http2Server, stream, headers, flags, rawHeaders);
    });
  });
}

/** As RFC 9113 counts (section 6.5.2). Node holds only those to its SETTINGS_MAX_HEADER_LIST_SIZE who acknowledge it. */
function sizeOf(rawHeaders: readonly string[]): number {
  let bytes = 16 * rawHeaders.length;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
}

function takeBack(stream: ServerHttp2Stream): void {
  stream.on("error", () => undefined);
  stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
}

function refuse(stream: ServerHttp2Stream): void {
  // Without a listener, the reset of a peer that no longer waits would end the process.
  stream.on("error", () => undefined);
  if (stream.destroyed || stream.closed) return;
  // What is never read of the request, Node takes back by itself once the answer is out.
  refusal ??= createRefusal();
  stream.respond(refusal, { endStream: true });
}

/** Made once, for the first who is refused: a start needs none. */
let refusal: OutgoingHttpHeaders | undefined;

function createRefusal(): OutgoingHttpHeaders {
  const error = toConnectError(overloaded);
  return {
    [constants.HTTP2_HEADER_STATUS]: 200,
    [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc+proto",
    "grpc-status": String(error.code),
    "grpc-message": encodeURI(error.rawMessage),
    [detailsKey]: encodeDetails(error).toString("base64").replace(/=+$/, ""),
  };
}
