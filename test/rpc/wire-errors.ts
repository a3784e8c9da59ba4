import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { fromBinary } from "@bufbuild/protobuf";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../../src/gen/google/rpc/status_pb.js";
import type { Received } from "./wire-clients.ts";

type Detail = { readonly type: string; readonly value: Uint8Array };

const names = [
  "OK CANCELED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED",
].flatMap((line) => line.split(" "));

/** An error of gRPC or gRPC-Web. */
export function grpcError(code: number, message: string, statusBin: Uint8Array | undefined): Received {
  const status = statusBin && fromBinary(StatusSchema, statusBin);
  if (status && (status.code !== code || status.message !== message)) throw new Error("grpc-status-details-bin contradicts grpc-status");
  const details = status?.details.map(({ typeUrl, value }) => ({ type: typeUrl.replace("type.googleapis.com/", ""), value })) ?? [];
  return describe(names[code] ?? `${code}`, message, details);
}

/** An error of Connect: its code in small letters, its details in Base64. */
export function connectError(error: { code?: string; message?: string; details?: { type: string; value: string }[] }): Received {
  const details = error.details?.map(({ type, value }) => ({ type, value: Buffer.from(value, "base64") })) ?? [];
  return describe(error.code?.toUpperCase() ?? "", error.message ?? "", details);
}

function describe(code: string, message: string, details: readonly Detail[]): Received {
  const find = <D extends DescMessage>(desc: D): MessageShape<D> | undefined => {
    const found = details.find(({ type }) => type === desc.typeName);
    return found && fromBinary(desc, found.value);
  };
  const info = find(ErrorInfoSchema);
  const retry = find(RetryInfoSchema)?.retryDelay;
  const bad = find(BadRequestSchema);
  return {
    code,
    message,
    reason: info?.reason ?? "",
    domain: info?.domain ?? "",
    metadata: info?.metadata ?? {},
    ...(retry && { retryAfterMs: Number(retry.seconds) * 1000 + retry.nanos / 1e6 }),
    violations: bad?.fieldViolations.map(({ field, description }) => ({ field, description })) ?? [],
  };
}
