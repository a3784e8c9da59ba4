import { create, toBinary } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { Metadata } from "@grpc/grpc-js";
import { StatusSchema } from "../gen/google/rpc/status_pb.js";

export const detailsKey = "grpc-status-details-bin";

/** An error as grpc-js sends it; the numbers of Connect's codes are those of gRPC. */
export function toGrpcStatus(error: ConnectError): { code: number; details: string; metadata: Metadata } {
  const metadata = toMetadata(error.metadata);
  metadata.set(detailsKey, encodeDetails(error));
  return { code: error.code, details: error.rawMessage, metadata };
}

/** The value of `grpc-status-details-bin`: a `google.rpc.Status`. */
export function encodeDetails(error: ConnectError): Buffer {
  const details = error.details.map((detail) =>
    "desc" in detail
      ? { typeUrl: `type.googleapis.com/${detail.desc.typeName}`, value: toBinary(detail.desc, create(detail.desc, detail.value)) }
      : { typeUrl: `type.googleapis.com/${detail.type}`, value: detail.value },
  );
  return toBuffer(toBinary(StatusSchema, create(StatusSchema, { code: error.code, message: error.rawMessage, details })));
}

export function toMetadata(headers: Headers): Metadata {
  const metadata = new Metadata();
  headers.forEach((value, key) => {
    if (!key.endsWith("-bin")) metadata.add(key, value);
    else for (const part of value.split(",")) metadata.add(key, Buffer.from(part.trim(), "base64"));
  });
  return metadata;
}

export function toHeaders(metadata: Metadata): Headers {
  const headers = new Headers();
  for (const key of Object.keys(metadata.getMap())) {
    for (const value of metadata.get(key)) headers.append(key, typeof value === "string" ? value : value.toString("base64"));
  }
  return headers;
}

/** The same bytes as the Buffer that grpc-js insists on. */
export const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
