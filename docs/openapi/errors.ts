import type { DescEnum, DescMethod } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { codeFromString, codeToHttpStatus, codeToString } from "@connectrpc/connect/protocol-connect";
import { commentOf } from "./comments.ts";
import type { Schema } from "./schemas.ts";

type Reason = { readonly name: string; readonly status: number; readonly comment: string };

/** Refusals that any call can meet, beside those that its comment names. */
const everywhere = ["UNAUTHENTICATED", "INVALID_ARGUMENT", "MESSAGE_TOO_LARGE", "DEADLINE_EXCEEDED", "INTERNAL"];

/** The answers of a method other than OK, one for each HTTP status, out of the reasons that its comment names. */
export function describeErrors(method: DescMethod, reasons: readonly Reason[]): Record<string, Schema> {
  const named = new Set([...namedIn(method, reasons), ...everywhere]);
  const byStatus = Map.groupBy(
    reasons.filter(({ name }) => named.has(name)),
    ({ status }) => status,
  );
  const content = { "application/json": { schema: { $ref: "#/components/schemas/Error" } } };
  return Object.fromEntries(
    [...byStatus].map(([status, each]) => [status, { description: each.map((reason) => `- ${reason.comment}`).join("\n"), content }]),
  );
}

/** Out of comments of the form `[STATUS_CODE] What it means.` */
export const readReasons = (desc: DescEnum): Reason[] =>
  desc.values
    .filter(({ number }) => number !== 0)
    .map((value) => {
      const [, code = "", meaning = ""] = /^\[(\w+)\] (.*)$/s.exec(commentOf(value)) ?? [];
      const name = value.name.slice("ERROR_REASON_".length);
      return { name, status: codeToHttpStatus(codeNamed(code)), comment: `\`${name}\` (\`${code.toLowerCase()}\`): ${meaning}` };
    });

function namedIn(method: DescMethod, reasons: readonly Reason[]): string[] {
  const errors = /Errors:(.*)/s.exec(commentOf(method))?.[1] ?? "";
  const others = method.parent.methods.filter((other) => errors.includes(`those of ${other.name}`));
  const words = new Set(errors.match(/\b[A-Z][A-Z_]+\b/g));
  return [...reasons.map(({ name }) => name).filter((name) => words.has(name)), ...others.flatMap((other) => namedIn(other, reasons))];
}

const codes = Object.values(Code).filter((code) => typeof code === "number");

function codeNamed(name: string): Code {
  const code = codeFromString(name.toLowerCase());
  if (code === undefined) throw new Error(`${name} is no status code`);
  return code;
}

/** How Connect writes an error (https://connectrpc.com/docs/protocol/#error-end-stream), with the details of this service. */
export const errorSchemas = (reasons: readonly Reason[]): Record<string, Schema> => ({
  Error: {
    description: "Every answer that is not OK. Go by `ErrorInfo.reason`; `message` is for people and may change.",
    type: "object",
    required: ["code"],
    properties: {
      code: { description: "The status code, as Connect spells it.", type: "string", enum: codes.map(codeToString).sort() },
      message: { type: "string" },
      details: { type: "array", items: { $ref: "#/components/schemas/ErrorDetail" } },
    },
  },
  ErrorDetail: {
    description: "One of the standard details of google.rpc.",
    type: "object",
    required: ["type", "value"],
    properties: {
      type: { type: "string", enum: ["google.rpc.ErrorInfo", "google.rpc.RetryInfo", "google.rpc.BadRequest"] },
      value: { description: "The message in binary form, without padding.", type: "string", contentEncoding: "base64" },
      debug: {
        description: "The same in JSON.",
        anyOf: ["ErrorInfo", "RetryInfo", "BadRequest"].map((name) => ({ $ref: `#/components/schemas/${name}` })),
      },
    },
  },
  ErrorInfo: {
    description: "In every error of this service.",
    type: "object",
    required: ["reason", "domain"],
    properties: {
      reason: { type: "string", enum: reasons.map(({ name }) => name) },
      domain: { const: "countersign" },
      metadata: { description: "As the reason says.", type: "object", additionalProperties: { type: "string" } },
    },
  },
  RetryInfo: {
    description: "When the same call may succeed.",
    type: "object",
    required: ["retryDelay"],
    properties: { retryDelay: { description: "Seconds, such as `29.640s`.", type: "string", pattern: "^\\d+(\\.\\d{1,9})?s$" } },
  },
  BadRequest: {
    description: "What is wrong with the request, field by field.",
    type: "object",
    required: ["fieldViolations"],
    properties: {
      fieldViolations: {
        type: "array",
        items: {
          type: "object",
          required: ["field", "description"],
          properties: { field: { type: "string" }, description: { type: "string" } },
        },
      },
    },
  },
});
