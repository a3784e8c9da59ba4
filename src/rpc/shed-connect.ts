import type { ServerResponse } from "node:http";
import { endStreamFlag, endStreamToJson, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { detailsKey, encodeDetails } from "./grpc-status.ts";
import { overloaded } from "./shed.ts";
import { toConnectError } from "./status.ts";

/** Answers, before the body is read, as the protocol of the content type has it: a browser that reads nothing else reads this. */
export function refuseOverloaded(response: ServerResponse, contentType: string): void {
  answers ??= createAnswers();
  const { grpcWebStatus, endOfStream, errorBody } = answers;
  if (contentType.startsWith("application/grpc-web")) response.writeHead(200, { "content-type": contentType, ...grpcWebStatus }).end();
  else if (contentType.startsWith("application/connect+")) response.writeHead(200, { "content-type": contentType }).end(endOfStream);
  else response.writeHead(503, { "content-type": "application/json", "retry-after": String(retryAfterSeconds) }).end(errorBody);
}

const retryAfterSeconds = Math.ceil((overloaded.retryAfterMs ?? 0) / 1_000);

/** Made once, for the first who is refused: a start needs none. */
let answers: ReturnType<typeof createAnswers> | undefined;

function createAnswers() {
  const error = toConnectError(overloaded);
  return {
    errorBody: errorToJsonBytes(error, undefined),
    endOfStream: envelope(endStreamFlag, Buffer.from(JSON.stringify(endStreamToJson(new Headers(), error, undefined)))),
    /** "Trailers-only": a status without a message may stand among the headers. */
    grpcWebStatus: {
      "grpc-status": String(error.code),
      "grpc-message": encodeURI(error.rawMessage),
      [detailsKey]: encodeDetails(error).toString("base64").replace(/=+$/, ""),
    },
  };
}

function envelope(flags: number, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flags, 0);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}
