import type { DescEnum, DescField, DescMessage, JsonReadOptions, MessageShape } from "@bufbuild/protobuf";
import { fromJson, ScalarType } from "@bufbuild/protobuf";
import type { FieldViolation } from "../otp/refusal.ts";
import { tooLarge, vanishingKey } from "./parse-binary.ts";
import { maxMessageBytes } from "./service.ts";
import { malformed } from "./status.ts";

export type JsonLimits = Pick<JsonReadOptions, "registry"> & { readonly maxBytes?: number };

/** Parses ProtoJSON; refuses with the names of all malformed fields at once. Never repeats a value: it may be a code. */
export function parseJson<D extends DescMessage>(desc: D, bytes: Uint8Array, limits: JsonLimits = {}): MessageShape<D> {
  const maxBytes = limits.maxBytes ?? maxMessageBytes;
  if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes);
  const json = readJson(bytes);
  const violations = messageViolations(desc, json, "");
  if (violations.length > 0) throw malformed(violations);
  try {
    return fromJson(desc, json as never, { ignoreUnknownFields: true, registry: limits.registry });
  } catch {
    throw malformed([{ field: "body", description: `must be the JSON form of ${desc.typeName}` }]);
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function readJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    throw malformed([{ field: "body", description: "must be a JSON object in UTF-8" }]);
  }
}

function messageViolations(desc: DescMessage, json: unknown, path: string): FieldViolation[] {
  // Well-known types have JSON forms of their own, which fromJson knows.
  if (desc.typeName.startsWith("google.protobuf."))
    return fits(desc, json) ? [] : [{ field: path, description: `must be the JSON form of ${desc.typeName}` }];
  if (!isObject(json)) return [wrong(path || "body", "an object", json)];
  const given = desc.fields.flatMap((field) => {
    const value = ownValue(json, field.jsonName) ?? ownValue(json, field.name);
    return value === undefined || value === null ? [] : [{ field, value }];
  });
  const oneofs = desc.oneofs.filter((oneof) => given.filter(({ field }) => field.oneof === oneof).length > 1);
  return [
    ...oneofs.map((oneof) => ({
      field: path || "body",
      description: `must set only one of ${oneof.fields.map((field) => field.name).join(", ")}`,
    })),
    ...given.flatMap(({ field, value }) => fieldViolations(field, value, path ? `${path}.${field.name}` : field.name)),
  ];
}

function fieldViolations(field: DescField, json: unknown, at: string): FieldViolation[] {
  if (field.fieldKind === "list") {
    if (!Array.isArray(json)) return [wrong(at, "an array", json)];
    return json.flatMap((item, index) => valueViolations(field, item, `${at}[${index}]`));
  }
  if (field.fieldKind === "map") {
    if (!isObject(json)) return [wrong(at, "an object", json)];
    return Object.entries(json).flatMap(([key, value]) => entryViolations(field, key, value, at));
  }
  return valueViolations(field, json, at);
}

function entryViolations(field: DescField, key: string, value: unknown, at: string): FieldViolation[] {
  if (!key.isWellFormed()) return [{ field: at, description: "must not have a key with lone surrogates" }];
  if (key === vanishingKey) return [{ field: at, description: `must not have a key ${vanishingKey}` }];
  return valueViolations(field, value, `${at}[${JSON.stringify(key)}]`);
}

function valueViolations(field: DescField, json: unknown, at: string): FieldViolation[] {
  if (field.message) return messageViolations(field.message, json, at);
  if (field.enum) return enumViolations(field.enum, json, at);
  return scalarViolations((field as { readonly scalar?: ScalarType }).scalar, json, at);
}

function scalarViolations(scalar: ScalarType | undefined, json: unknown, at: string): FieldViolation[] {
  switch (scalar) {
    case ScalarType.STRING:
      if (typeof json !== "string") return [wrong(at, "a string", json)];
      return json.isWellFormed() ? [] : [{ field: at, description: "must not hold lone surrogates" }];
    case ScalarType.BOOL:
      return typeof json === "boolean" ? [] : [wrong(at, "true or false", json)];
    case ScalarType.INT32:
      return isWhole(json, 2n ** 31n) ? [] : [wrong(at, "a whole number of 32 bits", json)];
    case ScalarType.INT64:
      return isWhole(json, 2n ** 63n) ? [] : [wrong(at, "a whole number of 64 bits, as a text or a number", json)];
    default:
      return [];
  }
}

/** As ProtoJSON has them: numbers, or texts of digits. */
function isWhole(json: unknown, limit: bigint): boolean {
  if (!Number.isInteger(json) && !(typeof json === "string" && /^-?\d{1,20}$/.test(json))) return false;
  const number = BigInt(json as number | string);
  return number >= -limit && number < limit;
}

function fits(desc: DescMessage, json: unknown): boolean {
  try {
    fromJson(desc, json as never);
    return true;
  } catch {
    return false;
  }
}

function enumViolations(desc: DescEnum, json: unknown, at: string): FieldViolation[] {
  // Numbers that the enum does not know are the handler's to refuse: the binary form lets them through too.
  if (Number.isInteger(json) || desc.values.some((value) => value.name === json)) return [];
  return [{ field: at, description: `must be one of ${desc.values.map((value) => value.name).join(", ")}` }];
}

const ownValue = (json: Record<string, unknown>, name: string): unknown => (Object.hasOwn(json, name) ? json[name] : undefined);

const isObject = (json: unknown): json is Record<string, unknown> => typeof json === "object" && json !== null && !Array.isArray(json);

function wrong(field: string, wanted: string, json: unknown): FieldViolation {
  const got = json === null ? "null" : Array.isArray(json) ? "an array" : `a JSON ${typeof json}`;
  return { field, description: `must be ${wanted}, not ${got}` };
}
