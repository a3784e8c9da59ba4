import type { ServiceError } from "@grpc/grpc-js";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import type { ClientTls } from "./tls-fetch.ts";
import type { Received, Sent, WireClient } from "./wire-clients.ts";
import { encodeRequest, isStream, okResponse } from "./wire-clients.ts";
import { grpcError } from "./wire-errors.ts";

const identity = (bytes: Buffer): Buffer => bytes;

export function createGrpcWire(address: string, tls?: ClientTls): WireClient {
  const client = new Client(address, tls ? secured(tls) : credentials.createInsecure(), { "grpc.max_send_message_length": -1 });
  return { name: "gRPC", encoding: "binary", send: (sent) => call(client, sent), close: () => client.close() };
}

const secured = ({ ca, cert, key }: ClientTls): ReturnType<typeof credentials.createSsl> =>
  cert !== undefined && key !== undefined
    ? credentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(cert))
    : credentials.createSsl(Buffer.from(ca));

function call(client: Client, sent: Sent): Promise<Received> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(sent.headers ?? {})) metadata.set(name, value);
  if (sent.timeout) metadata.set("grpc-timeout", sent.timeout.grpc);
  const path = `/countersign.v1.CodeService/${sent.method}`;
  const bytes = Buffer.from(encodeRequest(sent, "binary"));
  const failed = ({ code, details, metadata: trailers }: ServiceError) =>
    grpcError(code, details, trailers.get("grpc-status-details-bin")[0] as Buffer | undefined);
  return new Promise((resolve) => {
    if (isStream(sent.method)) {
      const stream = client.makeServerStreamRequest(path, identity, identity, bytes, metadata);
      stream.on("data", (message: Buffer) => resolve(okResponse(sent.method, message)));
      stream.on("error", (error: ServiceError) => resolve(failed(error)));
      return;
    }
    client.makeUnaryRequest(path, identity, identity, bytes, metadata, {}, (error, response) =>
      resolve(error ? failed(error) : okResponse(sent.method, response as Buffer)),
    );
  });
}
