import type { SendResult } from "../otp/ports.ts";
import {
  contentRefused,
  credentialsRefused,
  fundsExhausted,
  type Refused,
  recipientRefused,
  refusedByStatus,
  senderRefused,
} from "./refused.ts";
import { asList, asObject, type JsonObject } from "./vendor-json.ts";

/**
 * https://developers.messagebird.com/api/#api-errors. Codes 9 and 10, a parameter missing or invalid, mean what their parameter
 * does. The Voice Calling API asks to go by the status instead (https://developers.messagebird.com/api/voice-calling).
 */
const refusals: ReadonlyMap<unknown, Refused> = new Map([
  [2, credentialsRefused], // request not allowed: incorrect access key
  [25, fundsExhausted], // not enough balance
]);

const parameters: ReadonlyMap<unknown, Refused> = new Map([
  ["recipients", recipientRefused],
  ["recipient", recipientRefused],
  ["originator", senderRefused],
  ["body", contentRefused],
]);

/** Several errors may come at once, the account's own first. */
export function readRefusal(status: number, answer: JsonObject): SendResult {
  const errors = asList(answer.errors).map(asObject);
  const known = firstOf(errors, ({ code }) => refusals.get(code)) ?? firstOf(errors, meaningOfParameter);
  const { code } = errors[0] ?? {};
  const vendorCode = Number.isSafeInteger(code) ? String(code) : `http_${status}`;
  return { ...((status !== 429 && known) || refusedByStatus(status)), vendorCode };
}

const meaningOfParameter = ({ code, parameter }: JsonObject): Refused | undefined =>
  code === 9 || code === 10 ? parameters.get(parameter) : undefined;

function firstOf(errors: readonly JsonObject[], meaning: (error: JsonObject) => Refused | undefined): Refused | undefined {
  return errors.map(meaning).find((refused) => refused !== undefined);
}
