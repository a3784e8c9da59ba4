import type { DescField, DescMessage, MessageShape } from "@bufbuild/protobuf";
import { ScalarType, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** FeatureSet.FieldPresence.IMPLICIT of descriptor.proto. */
const implicitPresence = 2;

type Fields = { readonly [name: string]: unknown };
type Write = (writer: BinaryWriter, message: Fields) => void;
type WriteValue = (writer: BinaryWriter, value: never) => void;

/**
 * Writes messages of one type as `toBinary` does, by steps laid out once: the library walks through the schema again, and sorts
 * its fields, for every message. Types with a field that no answer of ours has are left to it.
 */
export function createBinaryWriter<D extends DescMessage>(desc: D): (message: MessageShape<D>) => Uint8Array {
  const write = messageWriter(desc, new Map());
  return (message) => {
    if (!write || message.$unknown) return toBinary(desc, message);
    const writer = new BinaryWriter();
    write(writer, message as Fields);
    return writer.finish();
  };
}

/** Whether messages of a type need the library for no field. */
export const hasSteps = (desc: DescMessage): boolean => messageWriter(desc, new Map()) !== undefined;

/** Undefined when some field has no step, or a message holds its own kind. */
function messageWriter(desc: DescMessage, known: Map<DescMessage, Write | undefined>): Write | undefined {
  if (known.has(desc)) return known.get(desc);
  known.set(desc, undefined);
  const steps = desc.fields.toSorted((a, b) => a.number - b.number).map((field) => fieldWriter(field, known));
  if (!steps.every((step) => step !== undefined)) return undefined;
  const write: Write = (writer, message) => {
    for (const step of steps) step(writer, message);
  };
  known.set(desc, write);
  return write;
}

function fieldWriter(field: DescField, known: Map<DescMessage, Write | undefined>): Write | undefined {
  const writeValue = valueWriter(field, known);
  if (!writeValue) return undefined;
  const { localName } = field;
  if (field.fieldKind === "list") {
    return (writer, message) => {
      for (const item of message[localName] as readonly never[]) writeValue(writer, item);
    };
  }
  const { oneof } = field;
  if (oneof) {
    return (writer, message) => {
      const chosen = message[oneof.localName] as { readonly case?: string; readonly value?: unknown };
      if (chosen.case === localName) writeValue(writer, chosen.value as never);
    };
  }
  if (!field.message && field.presence !== implicitPresence) return undefined;
  // Without presence, the zero of each type is left out: it says the same.
  return (writer, message) => {
    const value = message[localName];
    if (value) writeValue(writer, value as never);
  };
}

/** Tag and value of one field, or of one item of a list. */
function valueWriter(field: DescField, known: Map<DescMessage, Write | undefined>): WriteValue | undefined {
  const { fieldKind, number } = field;
  if (fieldKind === "map" || (fieldKind === "list" && !field.message)) return undefined;
  if (field.message) {
    const write = field.delimitedEncoding ? undefined : messageWriter(field.message, known);
    return (
      write &&
      ((writer, value) => {
        write(writer.tag(number, WireType.LengthDelimited).fork(), value);
        writer.join();
      })
    );
  }
  if (field.enum) return (writer, value) => void writer.tag(number, WireType.Varint).int32(value);
  switch (field.scalar) {
    case ScalarType.STRING:
      return (writer, value) => void writer.tag(number, WireType.LengthDelimited).string(value);
    case ScalarType.INT32:
      return (writer, value) => void writer.tag(number, WireType.Varint).int32(value);
    case ScalarType.BOOL:
      return (writer, value) => void writer.tag(number, WireType.Varint).bool(value);
    case ScalarType.INT64:
      return (writer, value) => void writer.tag(number, WireType.Varint).int64(value);
    default:
      return undefined;
  }
}
