import type { ReceiptReader } from "../otp/ports.ts";
import { parseMessageName, type Receipt } from "../otp/receipt.ts";
import { deliveryFailures } from "./answer-config.ts";
import { toleranceSeconds } from "./receipts-jwt.ts";
import { verifyWebhook } from "./receipts-webhook-signature.ts";
import { type JsonObject, parseObject } from "./vendor-json.ts";
import type { WebhookConfig } from "./webhook-config.ts";

/**
 * A gateway of the operator's own tells what became of a message: `{"type": "countersign.receipt", "delivery_id": …, "state":
 * "delivered"}`, signed as our messages to it are, with keys for this way only.
 */
export function createWebhookReceipts({ receipts }: WebhookConfig, { now }: { now(): number }): ReceiptReader {
  return {
    methods: ["POST"],
    async read(call) {
      const why = verifyWebhook(call, { secrets: receipts?.secrets ?? [], nowSeconds: now() / 1000, toleranceSeconds });
      if (why !== undefined) return { outcome: "forged", why };
      const fields = parseObject(call.body.toString("utf8"));
      const subject = parseMessageName(call.name);
      // The signature does not cover the address, hence the id in the body.
      if (fields.type !== "countersign.receipt" || fields.delivery_id !== subject?.deliveryId)
        return { outcome: "malformed", why: "no receipt of this message" };
      const receipt = readReceipt(fields);
      return receipt ? { outcome: "read", subject, receipt } : { outcome: "malformed", why: "state" };
    },
  };
}

const states = ["accepted", "delivered", "failed", "unknown"] as const;

/** `failure` is one of our own words, as in answers to a message. */
export function readReceipt({ state: told, failure: given, id, code }: JsonObject): Receipt | undefined {
  const state = states.find((each) => each === told);
  if (state === undefined) return undefined;
  const failure = deliveryFailures.find((each) => each === given) ?? "provider_error";
  return {
    state,
    ...(state === "failed" && { failure }),
    ...(isToken(id) && { reference: id }),
    ...(isToken(code) && { vendorCode: code }),
  };
}

const isToken = (value: unknown): value is string => typeof value === "string" && /^[\w.:-]{1,64}$/.test(value);
