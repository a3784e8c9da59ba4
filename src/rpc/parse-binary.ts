import { isUtf8 } from "node:buffer";
import type { DescField, DescMessage, MessageShape } from "@bufbuild/protobuf";
import { fromBinary, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, configureTextEncoding, WireType } from "@bufbuild/protobuf/wire";
import { ConnectError } from "@connectrpc/connect";
import type { FieldViolation } from "../otp/refusal.ts";
import { maxMessageBytes } from "./service.ts";
import { malformed, toConnectError } from "./status.ts";

/** Buffer is about twice as fast as TextEncoder and TextDecoder on short strings, and refuses what they would replace. */
configureTextEncoding({
  encodeUtf8: (text) => Buffer.from(text) as Uint8Array<ArrayBuffer>,
  decodeUtf8: decodeStrictly,
  checkUtf8: (text) => text.isWellFormed(),
});

/** Parses a message; what is malformed is refused with the name of the field where reading failed. */
export function parseBinary<D extends DescMessage>(desc: D, bytes: Uint8Array, maxBytes: number = maxMessageBytes): MessageShape<D> {
  if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes);
  try {
    const message = fromBinary(desc, bytes);
    // protobuf-es keeps maps in plain objects, where an entry of this name vanishes without a word.
    const fault = toBuffer(bytes).includes(vanishingKey) ? findFault(desc, bytes, "") : undefined;
    if (!fault) return message;
    throw malformed([fault]);
  } catch (thrown) {
    if (thrown instanceof ConnectError) throw thrown;
    throw malformed([findFault(desc, bytes, "") ?? { field: "body", description: "must be a Protobuf message" }]);
  }
}

export const vanishingKey = "__proto__";

export const tooLarge = (maxBytes: number) =>
  toConnectError({ reason: "MESSAGE_TOO_LARGE", message: `the request is larger than ${maxBytes} bytes` });

function decodeStrictly(bytes: Uint8Array): string {
  const text = toBuffer(bytes).toString();
  if (text.includes("\ufffd") && !isUtf8(bytes)) throw new RangeError("not UTF-8");
  return text;
}

/** Reads again, slowly, to tell where it went wrong. */
function findFault(desc: DescMessage, bytes: Uint8Array, path: string): FieldViolation | undefined {
  const reader = new BinaryReader(bytes);
  let at = path || "body";
  try {
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag();
      const field = desc.fields.find((candidate) => candidate.number === number);
      at = field ? join(path, field.name) : path || "body";
      const fault = field && wireType === WireType.LengthDelimited ? faultIn(field, reader.bytes(), at) : skip(reader, wireType, number);
      if (fault) return fault;
    }
    return undefined;
  } catch {
    return { field: at, description: "is cut off or not valid Protobuf" };
  }
}

function faultIn(field: DescField, value: Uint8Array, at: string): FieldViolation | undefined {
  if (field.fieldKind === "map") return entryFault(value, at);
  if (field.message) return findFault(field.message, value, at);
  const isText = "scalar" in field && field.scalar === ScalarType.STRING;
  return isText && !isUtf8(value) ? { field: at, description: "must be UTF-8" } : undefined;
}

/** A map entry is a message of its own: key 1, value 2. */
function entryFault(entry: Uint8Array, at: string): FieldViolation | undefined {
  const reader = new BinaryReader(entry);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType !== WireType.LengthDelimited) {
      reader.skip(wireType, number);
      continue;
    }
    const value = reader.bytes();
    if (!isUtf8(value)) return { field: at, description: "must be UTF-8" };
    if (number === 1 && toBuffer(value).toString() === vanishingKey)
      return { field: at, description: `must not have a key ${vanishingKey}` };
  }
  return undefined;
}

const toBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function skip(reader: BinaryReader, wireType: WireType, number: number): undefined {
  reader.skip(wireType, number);
}

const join = (path: string, name: string): string => (path ? `${path}.${name}` : name);
