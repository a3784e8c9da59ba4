import type { DeliveryFailure, Message, SendResult } from "../otp/ports.ts";
import type { ErrorRule, SuccessRule } from "./answer-config.ts";
import type { HttpAnswer } from "./post-once.ts";

/** `json` is undefined when the answer is none. */
export type ParsedAnswer = HttpAnswer & { readonly json: unknown };

export const parseAnswer = (answer: HttpAnswer): ParsedAnswer => ({ ...answer, json: parseJson(answer.body) });

/** Whole numbers that a number cannot hold become texts: message ids are such. */
function parseJson(body: string): unknown {
  try {
    return (JSON.parse as ParseWithSource)(body, (_name, value, { source }) =>
      typeof value === "number" && source !== undefined && /^-?\d+$/.test(source) && !Number.isSafeInteger(value) ? source : value,
    );
  } catch {
    return undefined;
  }
}

/** https://tc39.es/proposal-json-parse-with-source/ */
type ParseWithSource = (text: string, reviver: (name: string, value: unknown, context: { readonly source?: string }) => unknown) => unknown;

/** What stands at `messages.0.id`; own properties only. */
export function valueAt(document: unknown, path: string): unknown {
  let value = document;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

export function isSuccess(answer: ParsedAnswer, rule: SuccessRule): boolean {
  return answer.status >= rule.minStatus && answer.status <= rule.maxStatus && matches(answer, rule);
}

export const isError = (answer: ParsedAnswer, rule: ErrorRule): boolean =>
  (rule.status === undefined || rule.status === answer.status) && matches(answer, rule);

function matches(answer: ParsedAnswer, { path, equals, contains }: Pick<ErrorRule, "path" | "equals" | "contains">): boolean {
  if (contains !== undefined && !answer.body.includes(contains)) return false;
  if (path === undefined) return true;
  const value = valueAt(answer.json, path);
  if (equals === undefined) return value !== undefined && value !== null;
  return isScalar(value) && equals.some((each) => String(each) === String(value));
}

/** A refusal in our own words; whether another try may help follows from it unless it is said. */
export const refusal = (failure: DeliveryFailure, vendorCode: string, retryable = passing.has(failure)): SendResult => ({
  outcome: retryable ? "retryable" : "permanent",
  failure,
  vendorCode,
});

const passing: ReadonlySet<DeliveryFailure> = new Set(["throttled", "provider_error", "unreachable", "timeout"] as const);

/**
 * By the status alone (RFC 9110, section 15): 4xx says that the request was not acted upon, except where the server gave up waiting.
 * All else, redirects and answers that are no success among them, may come from behind a server that took the message.
 */
export function readStatus(status: number, vendorCode = `http_${status}`): SendResult {
  if (status === 429) return refusal("throttled", vendorCode);
  if (status === 401 || status === 403 || status === 407) return refusal("credentials_refused", vendorCode);
  if (status >= 400 && status < 500 && status !== 408) return refusal("provider_error", vendorCode, false);
  return { outcome: "unknown", failure: "provider_error", vendorCode };
}

/**
 * A vendor's id or code, fit to be stored and logged: one word, so that no sentence gets there with a code in it, not the
 * recipient, and not with the code standing in it by itself. (Within a longer number it is there by chance.)
 */
export function readToken(value: unknown, { code, to }: Pick<Message, "code" | "to">): string | undefined {
  if (!isScalar(value)) return undefined;
  const text = String(value);
  if (!/^[\x21-\x7e]{1,128}$/.test(text) || text.includes(to.replace("+", ""))) return undefined;
  const words = text.toUpperCase().split(/[^A-Z0-9]+/);
  return words.includes(code.toUpperCase()) ? undefined : text;
}

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean";
