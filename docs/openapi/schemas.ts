import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { commentOf } from "./comments.ts";

export type Schema = { readonly [key: string]: unknown };

const scalars: Readonly<Record<ScalarType, Schema>> = {
  [ScalarType.STRING]: { type: "string" },
  [ScalarType.BOOL]: { type: "boolean" },
  [ScalarType.BYTES]: { type: "string", contentEncoding: "base64" },
  [ScalarType.DOUBLE]: { type: "number", format: "double" },
  [ScalarType.FLOAT]: { type: "number", format: "float" },
  [ScalarType.INT32]: { type: "integer", format: "int32" },
  [ScalarType.SINT32]: { type: "integer", format: "int32" },
  [ScalarType.SFIXED32]: { type: "integer", format: "int32" },
  [ScalarType.UINT32]: { type: "integer", format: "int64", minimum: 0 },
  [ScalarType.FIXED32]: { type: "integer", format: "int64", minimum: 0 },
  // 64 bits do not fit a number of JavaScript: the JSON form of protobuf is a string.
  [ScalarType.INT64]: { type: "string", format: "int64" },
  [ScalarType.SINT64]: { type: "string", format: "int64" },
  [ScalarType.SFIXED64]: { type: "string", format: "int64" },
  [ScalarType.UINT64]: { type: "string", format: "uint64" },
  [ScalarType.FIXED64]: { type: "string", format: "uint64" },
};

/** The JSON forms of what protobuf itself defines (https://protobuf.dev/programming-guides/json/). */
const wellKnown: Readonly<Record<string, Schema>> = {
  "google.protobuf.Timestamp": { type: "string", format: "date-time" },
  "google.protobuf.Duration": { type: "string", pattern: "^-?\\d+(\\.\\d{1,9})?s$" },
};

/** Schemas of the messages, and of all that they hold, by name. */
export function describeMessages(messages: Iterable<DescMessage>): Record<string, Schema> {
  const found = new Map<string, Schema>();
  for (const message of messages) describe(message, found);
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export const reference = (desc: DescMessage | DescEnum): Schema => ({ $ref: `#/components/schemas/${nameOf(desc)}` });

function describe(desc: DescMessage | DescEnum, found: Map<string, Schema>): void {
  if (found.has(nameOf(desc)) || desc.typeName in wellKnown) return;
  if (desc.kind === "message" && desc.typeName.startsWith("google.protobuf.")) throw new Error(`${desc.typeName} has no schema yet`);
  found.set(nameOf(desc), {});
  found.set(nameOf(desc), desc.kind === "enum" ? ofEnum(desc) : ofMessage(desc));
  if (desc.kind === "message") for (const field of desc.fields) for (const type of typesOf(field)) describe(type, found);
}

const ofEnum = (desc: DescEnum): Schema => ({
  description: [commentOf(desc), ...desc.values.map((value) => `- \`${value.name}\`: ${commentOf(value)}`)].join("\n"),
  type: "string",
  enum: desc.values.map(({ name }) => name),
});

function ofMessage(desc: DescMessage): Schema {
  const [oneof] = desc.oneofs;
  const isChoice = oneof !== undefined && oneof.fields.length === desc.fields.length;
  return {
    description: commentOf(desc),
    type: "object",
    ...(isChoice && { maxProperties: 1 }),
    ...(desc.fields.length > 0 && { properties: Object.fromEntries(desc.fields.map((field) => [field.jsonName, ofField(field)])) }),
  };
}

function ofField(field: DescField): Schema {
  const description = commentOf(field);
  if (field.fieldKind === "list") return { description, type: "array", items: single(field.message ?? field.enum, field.scalar) };
  if (field.fieldKind !== "map") return { description, ...single(field.message ?? field.enum, field.scalar) };
  return { description, type: "object", additionalProperties: single(field.message ?? field.enum, field.scalar) };
}

function single(type: DescMessage | DescEnum | undefined, scalar: ScalarType | undefined): Schema {
  if (type) return wellKnown[type.typeName] ?? reference(type);
  return scalars[scalar ?? ScalarType.STRING];
}

const typesOf = ({ message, enum: values }: DescField): (DescMessage | DescEnum)[] =>
  [message, values].filter((type) => type !== undefined);

/** `Challenge` of `countersign.v1.Challenge`. */
const nameOf = ({ typeName }: DescMessage | DescEnum): string => typeName.slice(typeName.lastIndexOf(".") + 1);
