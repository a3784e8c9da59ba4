import type { Refused } from "./guard.ts";

/** `google.rpc.ErrorInfo` as it travels, so that callers learn the reason, and the purpose they need a proof for. */
export const errorInfoType = "google.rpc.ErrorInfo";

export const writeErrorInfo = ({ reason, purpose }: Refused): Uint8Array<ArrayBuffer> =>
  join(text(1, reason), text(2, "countersign-proof"), bytes(3, join(text(1, "purpose"), text(2, purpose))));

/** `google.rpc.Status`, which gRPC carries in `grpc-status-details-bin`. */
export const writeStatus = (code: number, refused: Refused): Uint8Array<ArrayBuffer> =>
  join(
    Uint8Array.of(1 << 3, code),
    text(2, refused.message),
    bytes(3, join(text(1, `type.googleapis.com/${errorInfoType}`), bytes(2, writeErrorInfo(refused)))),
  );

const text = (field: number, value: string): Uint8Array => bytes(field, new TextEncoder().encode(value));

/** A field of wire type 2: tag, length, content. */
function bytes(field: number, content: Uint8Array): Uint8Array {
  return join(Uint8Array.of((field << 3) | 2, ...varint(content.length)), content);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
