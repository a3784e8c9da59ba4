import type { ReceiptReader } from "../otp/ports.ts";
import { parseMessageName, type Receipt, type ReceiptCall } from "../otp/receipt.ts";
import type { BirdConfig } from "./bird-config.ts";
import { isSha256 } from "./receipts-hash.ts";
import { toleranceSeconds, verifyToken } from "./receipts-jwt.ts";

/** Status reports of text messages, which come by GET. How events of calls are signed is not documented, so none are asked for. */
export function createBirdReceipts(config: BirdConfig, { now }: { now(): number }): ReceiptReader {
  return {
    methods: ["GET"],
    async read(call) {
      const why = await forgery(call, config, now());
      if (why !== undefined) return { outcome: "forged", why };
      const subject = parseMessageName(call.name);
      if (!subject) return { outcome: "malformed", why: "names no message" };
      const receipt = readReceipt(call.query);
      return { outcome: "read", subject, ...(receipt && { receipt }) };
    },
  };
}

/**
 * https://developers.messagebird.com/docs/verify-http-requests: a JWT in a header of its own, by the account's signing key, with the
 * SHA-256 of the address in `url_hash`, and of the body, if there is one, in `payload_hash`. As strict as Bird's own libraries.
 */
async function forgery({ header, url, body }: ReceiptCall, { receipts }: BirdConfig, now: number): Promise<string | undefined> {
  const token = header("messagebird-signature-jwt");
  if (token === undefined || !receipts) return "unsigned";
  const claims = await verifyToken(token, {
    secrets: receipts.signingKeys,
    now,
    issuer: "MessageBird",
    algorithms: ["HS256", "HS384", "HS512"],
    requiredClaims: ["nbf", "exp", "jti"],
    clockTolerance: 5,
  });
  if (!claims) return "wrong or old signature";
  // Whatever end the token gives itself, it is not taken for longer than others are.
  if (now / 1000 - Number(claims.nbf) > toleranceSeconds) return "old";
  if (!isSha256(claims.url_hash, url)) return "wrong address";
  if (claims.payload_hash === undefined && body.length === 0) return undefined;
  return isSha256(claims.payload_hash, body) ? undefined : "wrong body";
}

/** Undefined for what says nothing of the message's fate. */
export function readReceipt(query: URLSearchParams): Receipt | undefined {
  const state = states.get(query.get("status") ?? "");
  const reference = query.get("id") ?? "";
  if (!state || !/^[0-9a-f-]{32,36}$/i.test(reference)) return undefined;
  if (state !== "failed") return { state, reference };
  const reason = (query.get("statusReason") ?? "").replaceAll("_", " ");
  const code = query.get("statusErrorCode") ?? "";
  const vendorCode = /^\d{1,5}$/.test(code) ? code : query.get("status");
  return { state, failure: reasons.get(reason) ?? "provider_error", ...(vendorCode !== null && { vendorCode }), reference };
}

/** https://developers.messagebird.com/api/sms-messaging/#sms-statuses */
const states: ReadonlyMap<string, Receipt["state"]> = new Map([
  ["scheduled", "accepted"],
  ["sent", "accepted"], // to the operator
  ["buffered", "accepted"], // by the operator
  ["delivered", "delivered"],
  ["expired", "failed"],
  ["delivery_failed", "failed"],
] as const);

/** https://developers.messagebird.com/api/sms-messaging/#sms-statuses, "status reason" */
const reasons: ReadonlyMap<string, NonNullable<Receipt["failure"]>> = new Map([
  ["incorrect number", "recipient_refused"],
  ["unknown subscriber", "recipient_refused"], // no active line
  ["unavailable subscriber", "recipient_refused"], // switched off or out of reach
  ["capability unavailable", "recipient_refused"], // a landline
  ["opted out", "recipient_opted_out"],
  ["carrier rejected", "content_refused"],
  ["insufficient balance", "funds_exhausted"],
  ["expired", "timeout"],
  ["DLR not received", "timeout"],
  ["received network error", "provider_error"],
  ["generic delivery failed", "provider_error"],
] as const);
