import type { ReceiptReader } from "../otp/ports.ts";
import { type MessageName, parseMessageName, type Receipt, type ReceiptCall } from "../otp/receipt.ts";
import { isSha256 } from "./receipts-hash.ts";
import { toleranceSeconds, verifyToken } from "./receipts-jwt.ts";
import { asObject, type JsonObject, parseObject } from "./vendor-json.ts";
import type { VonageConfig } from "./vonage-config.ts";
import { readRefusal } from "./vonage-errors.ts";

/** Message status and voice event webhooks. */
export function createVonageReceipts(config: VonageConfig, { now }: { now(): number }): ReceiptReader {
  return {
    methods: ["POST"],
    async read(call) {
      const why = await forgery(call, config, now());
      if (why !== undefined) return { outcome: "forged", why };
      const fields = parseObject(call.body.toString("utf8"));
      const subject = subjectOf(call.name, fields);
      if (!subject) return { outcome: "malformed", why: "names no message, or two" };
      const receipt = readReceipt(fields);
      return { outcome: "read", subject, ...(receipt && { receipt }) };
    },
  };
}

/**
 * https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks: a JWT in the Authorization header, HS256 by
 * the account's signature secret, with the SHA-256 of the body in `payload_hash`. Vonage calls that check optional, but without it any
 * token would serve for any body. A token is made for one request, and has a time but no end.
 */
async function forgery({ header, body }: ReceiptCall, { receipts, applicationId }: VonageConfig, now: number): Promise<string | undefined> {
  const [, token] = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(header("authorization") ?? "") ?? [];
  if (token === undefined || !receipts) return "unsigned";
  const claims = await verifyToken(token, {
    secrets: receipts.signatureSecrets,
    now,
    algorithms: ["HS256"],
    maxTokenAge: toleranceSeconds,
    clockTolerance: 60,
  });
  if (!claims) return "wrong or old signature";
  if (claims.api_key !== receipts.apiKey) return "another account's";
  if (claims.application_id !== undefined && claims.application_id !== applicationId) return "another application's";
  return isSha256(claims.payload_hash, body) ? undefined : "wrong body";
}

/** The Messages API repeats the name in the signed body; calls have it in the address only, and there the id of the call is compared. */
function subjectOf(name: string, { client_ref: clientRef, message_uuid: messageId }: JsonObject): MessageName | undefined {
  if (messageId !== undefined && clientRef !== name) return undefined;
  return parseMessageName(name);
}

/** Undefined for what says nothing of the message's fate. */
export function readReceipt(fields: JsonObject): Receipt | undefined {
  const { message_uuid: messageId, uuid, status } = fields;
  const reference = messageId ?? uuid;
  const told = (messageId === undefined ? calls : messages).get(String(status));
  if (!told || typeof reference !== "string" || !/^[0-9a-f-]{32,36}$/i.test(reference)) return undefined;
  if (told.state !== "failed" || told.failure !== undefined) return { ...told, reference };
  const refused = readRefusal(200, asObject(fields.error));
  if (refused.outcome === "accepted") return undefined;
  const { failure, vendorCode } = refused;
  return { ...told, failure, ...(vendorCode !== undefined && { vendorCode }), reference };
}

/** https://developer.vonage.com/en/messages/concepts/messages-status-callbacks */
const messages: ReadonlyMap<string, Receipt> = new Map<string, Receipt>([
  ["submitted", { state: "accepted" }], // passed on to a messaging provider
  ["delivered", { state: "delivered" }],
  ["read", { state: "delivered" }],
  ["rejected", { state: "failed" }], // why is said by `error`
  ["undeliverable", { state: "failed", failure: "provider_error", vendorCode: "undeliverable" }], // they could not reach their provider
]);

/** https://developer.vonage.com/en/voice/voice-api/webhook-reference#event-webhook */
const calls: ReadonlyMap<string, Receipt> = new Map<string, Receipt>([
  ["started", { state: "accepted" }],
  ["ringing", { state: "accepted" }],
  ["answered", { state: "accepted" }],
  ["human", { state: "accepted" }],
  ["machine", { state: "accepted" }],
  ["completed", { state: "delivered" }],
  ["busy", { state: "failed", failure: "recipient_refused", vendorCode: "busy" }],
  ["unanswered", { state: "failed", failure: "recipient_refused", vendorCode: "unanswered" }],
  ["timeout", { state: "failed", failure: "recipient_refused", vendorCode: "timeout" }], // rang for longer than ringing_timer
  ["rejected", { state: "failed", failure: "recipient_refused", vendorCode: "rejected" }], // by the recipient
  ["cancelled", { state: "failed", failure: "provider_error", vendorCode: "cancelled" }],
  ["failed", { state: "failed", failure: "provider_error", vendorCode: "failed" }],
]);
