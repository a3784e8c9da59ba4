/**
 * Clients that cost as little as possible, since they run on the same cores as what they measure: requests are encoded before the
 * clock starts, and of an answer only its status is read.
 */
import { Agent, request as httpRequest } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import { create, type DescMessage, type MessageInitShape, toBinary, toJsonString } from "@bufbuild/protobuf";

export type Encoded = { readonly path: string; readonly body: Buffer };

export type Wire = {
  encode<D extends DescMessage>(path: string, schema: D, message: MessageInitShape<D>): Encoded;
  /** `ok`, or the status that was answered instead. */
  call(request: Encoded): Promise<string>;
  close(): void;
};

/** As if so many replicas of a calling service shared the load. */
const connections = 4;
const permissionDenied = { grpc: "7", http: 403 } as const;
/** What a wrong code is answered with, on every wire. */
export const refusedStatus = "PERMISSION_DENIED";

export function createGrpcWire(address: string): Wire {
  const sessions = Array.from({ length: connections }, () => connect(`http://${address}`));
  let next = 0;
  return {
    encode: (path, schema, message) => ({ path, body: envelope(toBinary(schema, create(schema, message))) }),
    call: (request) => callGrpc(sessions[next++ % connections] as ClientHttp2Session, request),
    close: () => sessions.forEach((session) => void session.close()),
  };
}

function callGrpc(session: ClientHttp2Session, { path, body }: Encoded): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      "grpc-timeout": "10S",
    });
    let status: string | string[] | undefined;
    const read = (headers: Record<string, unknown>): void => {
      status ??= headers["grpc-status"] as string | undefined;
    };
    stream.on("response", read).on("trailers", read).on("error", reject).resume();
    stream.once("close", () => resolve(status === "0" ? "ok" : status === permissionDenied.grpc ? refusedStatus : `grpc-status ${status}`));
    stream.end(body);
  });
}

function envelope(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(5 + message.length);
  bytes.writeUInt32BE(message.length, 1);
  bytes.set(message, 5);
  return bytes;
}

export function createJsonWire(address: string): Wire {
  const agent = new Agent({ keepAlive: true });
  const [host, port] = address.split(":");
  const options = { agent, host, port, method: "POST" } as const;
  return {
    encode: (path, schema, message) => ({ path, body: Buffer.from(toJsonString(schema, create(schema, message))) }),
    call: ({ path, body }) =>
      new Promise((resolve, reject) => {
        const headers = { "content-type": "application/json", "content-length": body.length, "connect-timeout-ms": "10000" };
        const request = httpRequest({ ...options, path, headers }, (response) => {
          const { statusCode } = response;
          response
            .resume()
            .once("end", () =>
              resolve(statusCode === 200 ? "ok" : statusCode === permissionDenied.http ? refusedStatus : `HTTP ${statusCode}`),
            );
        });
        request.once("error", reject).end(body);
      }),
    close: () => agent.destroy(),
  };
}
