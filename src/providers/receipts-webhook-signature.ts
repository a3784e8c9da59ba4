import { timingSafeEqual } from "node:crypto";
import type { ReceiptCall } from "../otp/receipt.ts";
import { signWebhook } from "./standard-webhooks.ts";

type Terms = { readonly secrets: readonly string[]; readonly nowSeconds: number; readonly toleranceSeconds: number };

/**
 * What is wrong with a request that should be signed after
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: id, time and body under one of the keys.
 */
export function verifyWebhook({ header, body }: Pick<ReceiptCall, "header" | "body">, terms: Terms): string | undefined {
  const [id, timestamp, signatures] = [header("webhook-id"), header("webhook-timestamp"), header("webhook-signature")];
  if (id === undefined || timestamp === undefined || signatures === undefined) return "unsigned";
  if (!/^[\w-]{1,255}$/.test(id) || !/^\d{1,12}$/.test(timestamp)) return "wrong headers";
  if (Math.abs(terms.nowSeconds - Number(timestamp)) > terms.toleranceSeconds) return "old";
  const text = body.toString("utf8");
  // What is no UTF-8 would be signed as something else.
  if (!Buffer.from(text).equals(body)) return "wrong body";
  const expected = signWebhook({ id, timestampSeconds: Number(timestamp), body: text, secrets: terms.secrets });
  const given = signatures.split(" ").slice(0, maxSignatures);
  const isSigned = (expected["webhook-signature"] ?? "").split(" ").some((each) => given.some((one) => isEqual(one, each)));
  return isSigned ? undefined : "wrong signature";
}

/** One per key of the sender while it rotates them. */
const maxSignatures = 8;

function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
