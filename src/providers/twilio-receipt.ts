import { parse as parseForm } from "node:querystring";
import type { ReceiptReader } from "../otp/ports.ts";
import { parseMessageName, type Receipt, type ReceiptCall } from "../otp/receipt.ts";
import type { Sdk } from "./twilio.ts";
import type { TwilioConfig } from "./twilio-config.ts";
import { readRefusal } from "./twilio-errors.ts";
import { type JsonObject, parseObject } from "./vendor-json.ts";

/** Status callbacks of messages and calls. */
export function createTwilioReceipts(config: TwilioConfig): ReceiptReader {
  const authTokens = config.receipts?.authTokens ?? [config.authToken ?? ""];
  return {
    methods: ["POST"],
    async read(call) {
      const subject = parseMessageName(call.name);
      const { default: sdk } = await import("twilio");
      const fields = fieldsOf(call);
      const why = forgery(call, fields, { authTokens, sdk });
      if (why !== undefined) return { outcome: "forged", why };
      if (!subject) return { outcome: "malformed", why: "names no message" };
      const receipt = readReceipt(fields);
      return { outcome: "read", subject, ...(receipt && { receipt }) };
    },
  };
}

type Keys = { readonly authTokens: readonly string[]; readonly sdk: Sdk };

/**
 * https://www.twilio.com/docs/usage/webhooks/webhooks-security: HMAC-SHA1 by the account's auth token over the address that Twilio was
 * given, and the sorted fields of a form; a body of another kind by its hash in the address (`bodySHA256`). There is no time in it:
 * who repeats a callback repeats what is known already.
 */
function forgery({ url, query, header, body }: ReceiptCall, fields: JsonObject, { authTokens, sdk }: Keys): string | undefined {
  const signature = header("x-twilio-signature");
  if (signature === undefined) return "unsigned";
  const hashed = query.has("bodySHA256");
  if (!hashed && !isForm(header("content-type"))) return "body not signed";
  const isSigned = authTokens.some((token) =>
    hashed
      ? sdk.validateRequestWithBody(token, signature, url, body.toString("utf8"))
      : sdk.validateRequest(token, signature, url, fields as Record<string, unknown>),
  );
  return isSigned ? undefined : "wrong signature";
}

const isForm = (type: string | undefined): boolean => /^application\/x-www-form-urlencoded(?:;|$)/i.test(type ?? "");

/** Not more fields than a callback can have: each is hashed with every token. */
const fieldsOf = ({ header, body }: ReceiptCall): JsonObject =>
  isForm(header("content-type"))
    ? parseForm(body.toString("utf8"), undefined, undefined, { maxKeys: 200 })
    : parseObject(body.toString("utf8"));

/** Undefined for what says nothing of the message's fate. */
export function readReceipt(fields: JsonObject): Receipt | undefined {
  const { MessageSid, MessageStatus, ErrorCode, CallSid, CallStatus } = fields;
  const told = MessageSid === undefined ? calls.get(String(CallStatus)) : messages.get(String(MessageStatus));
  const reference = MessageSid ?? CallSid;
  if (!told || typeof reference !== "string" || !/^(?:SM|MM|CA)[0-9a-f]{32}$/.test(reference)) return undefined;
  if (told.state !== "failed" || told.failure !== undefined) return { ...told, reference };
  if (!/^\d{5}$/.test(String(ErrorCode))) return { ...told, failure: "provider_error", vendorCode: String(MessageStatus), reference };
  const refused = readRefusal(200, Number(ErrorCode));
  const failure = refused.outcome === "accepted" ? "provider_error" : refused.failure;
  return { ...told, failure, vendorCode: String(ErrorCode), reference };
}

/** https://www.twilio.com/docs/messaging/api/message-resource#message-status-values */
const messages: ReadonlyMap<string, Receipt> = new Map<string, Receipt>([
  ["accepted", { state: "accepted" }],
  ["scheduled", { state: "accepted" }],
  ["queued", { state: "accepted" }],
  ["sending", { state: "accepted" }],
  ["sent", { state: "accepted" }], // the nearest upstream carrier accepted it
  ["delivered", { state: "delivered" }],
  ["read", { state: "delivered" }], // WhatsApp and RCS, with read receipts
  ["partially_delivered", { state: "failed" }],
  ["undelivered", { state: "failed" }], // why is said by ErrorCode
  ["failed", { state: "failed" }],
  ["canceled", { state: "failed", failure: "provider_error", vendorCode: "canceled" }],
]);

/** https://www.twilio.com/docs/voice/api/call-resource#call-status-values */
const calls: ReadonlyMap<string, Receipt> = new Map<string, Receipt>([
  ["queued", { state: "accepted" }],
  ["initiated", { state: "accepted" }],
  ["ringing", { state: "accepted" }],
  ["in-progress", { state: "accepted" }],
  ["completed", { state: "delivered" }], // was answered, and ended normally
  ["busy", { state: "failed", failure: "recipient_refused", vendorCode: "busy" }],
  ["no-answer", { state: "failed", failure: "recipient_refused", vendorCode: "no-answer" }],
  ["canceled", { state: "failed", failure: "provider_error", vendorCode: "canceled" }],
  ["failed", { state: "failed", failure: "provider_error", vendorCode: "failed" }], // could not be connected, most likely no such number
]);
