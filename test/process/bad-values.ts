/** What can be wrong with every field of every request, found through the contract itself: a new field is held to it too. */
import { type DescField, type DescMessage, type JsonObject, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { CodeService } from "../../src/gen/countersign/v1/code_service_pb.js";
import type { Method, Sent } from "../rpc/wire-clients.ts";

export type BadField = { readonly name: string; readonly field: string; readonly sent: Sent; readonly encoding?: "json" };

/** A request that is good but for the one field; `challengeId` is that of an open challenge. */
export function badFields(phoneNumber: string, challengeId: string): BadField[] {
  const good: Readonly<Record<string, JsonObject>> = {
    SendCode: { recipient: { phoneNumber } },
    ResendCode: { challengeId },
    VerifyCode: { challengeId, code: "123456" },
    CancelChallenge: { challengeId },
    GetChallenge: { challengeId },
  };
  return CodeService.methods
    .filter(({ name }) => name in good)
    .flatMap((method) =>
      fieldsOf(method.input).flatMap(({ path, field }) => badValuesOf(method.name as Method, good[method.name] ?? {}, path, field)),
    );
}

type Found = { readonly path: readonly DescField[]; readonly field: DescField };

const fieldsOf = (message: DescMessage, path: readonly DescField[] = []): Found[] =>
  message.fields.flatMap((field) => [{ path, field }, ...(field.fieldKind === "message" ? fieldsOf(field.message, [...path, field]) : [])]);

const badText: Readonly<Record<string, string>> = {
  "far too long": "x".repeat(5_000),
  "with NUL": "a\u0000b",
  "with a control character": "a\u001bb",
  "with a C1 control": "a\u0085b",
  "with a bidirectional override": "a\u202eb",
  "with a line separator": "a\u2028b",
};
const notText: Readonly<Record<string, JsonValue>> = {
  "a number": 5,
  "a boolean": true,
  "an array": ["a"],
  "an object": { $ne: "" },
  "a lone surrogate": "\ud800",
};
const notGroup: Readonly<Record<string, JsonValue>> = { "a text": "x", "a number": 5, "an array": [1], "a boolean": false };
const notFlag: Readonly<Record<string, JsonValue>> = { "a text": "true", "a number": 1, "an array": [true], "an object": {} };
const noChannel: Readonly<Record<string, JsonValue>> = {
  "an unknown number": 99,
  "a negative number": -1,
  "the largest number": 2 ** 31 - 1,
};
const notChannel: Readonly<Record<string, JsonValue>> = {
  "another text": "SMS",
  "a fraction": 1.5,
  "an object": {},
  "a number too large": 2 ** 31,
};

function badValuesOf(method: Method, usual: JsonObject, path: readonly DescField[], field: DescField): BadField[] {
  // Only authenticators reach a subject, and they have to be named.
  const good = path.length > 0 && field.name === "subject" ? { ...usual, channels: ["CHANNEL_TOTP"] } : usual;
  const bad = (values: Readonly<Record<string, JsonValue>>, wrap: (value: JsonValue) => JsonValue, encoding?: "json"): BadField[] =>
    Object.entries(values).map(([what, value]) => ({
      name: `${method}: ${[...path, field].map(({ name }) => name).join(".")}: ${what}`,
      field: (path[0] ?? field).name,
      sent: { method, ...request(place(good, [...path, field], wrap(value)), encoding) },
      ...(encoding && { encoding }),
    }));
  const itself = (value: JsonValue): JsonValue => value;
  if (field.fieldKind === "map") {
    const inMap = (value: JsonValue): JsonValue => ({ key: value });
    return [...bad(badText, inMap), ...bad(notText, inMap, "json"), ...bad(notGroup, itself, "json")];
  }
  if (field.fieldKind === "list") return [...bad(noChannel, (value) => [value]), ...bad(notChannel, (value) => [value], "json")];
  if (field.fieldKind === "enum") return [...bad(noChannel, itself), ...bad(notChannel, itself, "json")];
  if (field.fieldKind === "message") return bad(notGroup, itself, "json");
  if (field.fieldKind === "scalar" && field.scalar === ScalarType.BOOL) return bad(notFlag, itself, "json");
  return [...bad(badText, itself), ...bad(notText, itself, "json")];
}

/** JSON that no message could hold is sent as it is. */
const request = (json: JsonObject, encoding?: "json"): Pick<Sent, "json" | "request"> =>
  encoding ? { json: JSON.stringify(json) } : { request: json };

function place(good: JsonObject, path: readonly DescField[], value: JsonValue): JsonObject {
  const [field, ...rest] = path;
  if (!field) return good;
  const siblings = field.oneof ? {} : good;
  const inner = rest.length > 0 ? place((good[field.jsonName] ?? {}) as JsonObject, rest, value) : value;
  return { ...siblings, [field.jsonName]: inner };
}
