import type { ReceiptReader } from "../otp/ports.ts";
import type { Receipt, ReceiptCall, ReceiptReading } from "../otp/receipt.ts";
import type { SnsCertificates } from "./receipts-sns-certificates.ts";
import { type Envelope, parseEnvelope, readEnvelope } from "./receipts-sns-envelope.ts";
import type { SnsConfig } from "./sns-config.ts";
import { asObject, parseObject } from "./vendor-json.ts";

export type SnsReceiptDeps = {
  now(): number;
  countryOf(phoneNumber: string): string | undefined;
  readonly certificates: SnsCertificates;
};

/**
 * Text messages of SNS have no callback. What becomes of them is logged to CloudWatch, from where the operator has it published to a
 * topic, which calls us. The record has neither our name of the message nor anything that we could have given, but it says whom the
 * message went to and what SNS called it: by those it is found.
 */
export function createSnsReceipts({ receipts }: SnsConfig, deps: SnsReceiptDeps): ReceiptReader {
  return {
    methods: ["POST"],
    async read(call) {
      const envelope = parseEnvelope(parseObject(call.body.toString("utf8")));
      const refused = await refusal(call, envelope, { topicArn: receipts?.topicArn ?? "", ...deps });
      if (refused) return refused;
      if (envelope?.Type === "SubscriptionConfirmation") return confirm(envelope, deps);
      if (envelope?.Type !== "Notification") return { outcome: "read" };
      return readRecord(envelope.Message, deps);
    },
  };
}

/** Cheap checks first: only what claims to be of our topic, and lately, is worth fetching a certificate for. */
async function refusal(
  { header }: ReceiptCall,
  envelope: Envelope | undefined,
  { topicArn, now, certificates }: SnsReceiptDeps & { readonly topicArn: string },
): Promise<ReceiptReading | undefined> {
  if (!envelope) return { outcome: "forged", why: "unsigned" };
  const named = header("x-amz-sns-topic-arn");
  if (envelope.TopicArn !== topicArn || (named !== undefined && named !== topicArn)) return { outcome: "forged", why: "another topic's" };
  if (!(Math.abs(now() - Date.parse(envelope.Timestamp)) <= toleranceMs)) return { outcome: "forged", why: "old" };
  const key = await certificates.keyAt(envelope.SigningCertURL);
  if (key === "not_theirs") return { outcome: "forged", why: "certificate from elsewhere" };
  if (key === "unavailable") return { outcome: "unavailable", why: "certificate cannot be fetched" };
  return readEnvelope(envelope, key) ? undefined : { outcome: "forged", why: "wrong signature" };
}

/** The time is that of the first try; a topic tries again for a minute by default, and for an hour at most if told to. */
const toleranceMs = 3_600_000;

/** https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html: the subscription begins when its address is asked for. */
async function confirm({ SubscribeURL = "" }: Envelope, { certificates }: SnsReceiptDeps): Promise<ReceiptReading> {
  const confirmed = await certificates.visit(SubscribeURL);
  if (confirmed === "not_theirs") return { outcome: "forged", why: "confirmation elsewhere" };
  return confirmed === "done" ? { outcome: "read" } : { outcome: "unavailable", why: "subscription cannot be confirmed" };
}

/** https://docs.aws.amazon.com/sns/latest/dg/sms_stats_cloudwatch.html, "Example logs" */
function readRecord(text: string, { countryOf }: SnsReceiptDeps): ReceiptReading {
  const record = parseObject(text);
  const { messageId: reference } = asObject(record.notification);
  const { destination: phoneNumber } = asObject(record.delivery);
  const receipt = readReceipt(record);
  if (!receipt || typeof reference !== "string" || !/^[0-9a-f-]{32,36}$/i.test(reference)) return malformed;
  if (typeof phoneNumber !== "string" || !/^\+[1-9]\d{6,14}$/.test(phoneNumber)) return malformed;
  const country = countryOf(phoneNumber);
  return {
    outcome: "read",
    subject: { phoneNumber, reference, ...(country !== undefined && { country }) },
    receipt: { ...receipt, reference },
  };
}

const malformed = { outcome: "malformed", why: "no record of a text message" } as const;

/**
 * One record comes of each message, and it is final. "Accepted by phone carrier" is as much as AWS learns in many countries; it counts as
 * delivered there, as its own statistics have it.
 */
export function readReceipt({ status, delivery }: ReturnType<typeof parseObject>): Receipt | undefined {
  if (status === "SUCCESS") return { state: "delivered" };
  if (status !== "FAILURE") return undefined;
  const said = String(asObject(delivery).providerResponse).replace(/\.$/, "");
  const known = failures.get(said);
  return { state: "failed", failure: known?.failure ?? "provider_error", vendorCode: known?.code ?? "failure" };
}

type Known = { readonly failure: NonNullable<Receipt["failure"]>; readonly code: string };

/** https://docs.aws.amazon.com/sns/latest/dg/sms_stats_cloudwatch.html, "SMS delivery failure reasons"; the words stand for codes. */
const failures: ReadonlyMap<string, Known> = new Map<string, Known>([
  ["Blocked as spam by phone carrier", { failure: "content_refused", code: "carrier_spam" }],
  ["Destination is on a blocked list", { failure: "recipient_refused", code: "destination_blocked" }],
  ["Invalid phone number", { failure: "recipient_refused", code: "invalid_number" }],
  ["Message body is invalid", { failure: "content_refused", code: "invalid_body" }],
  ["Phone carrier has blocked this message", { failure: "content_refused", code: "carrier_blocked" }],
  ["Phone carrier is currently unreachable/unavailable", { failure: "provider_error", code: "carrier_unreachable" }],
  ["Phone has blocked SMS", { failure: "recipient_refused", code: "phone_blocked_sms" }],
  ["Phone is on a blocked list", { failure: "recipient_refused", code: "phone_blocked" }],
  ["Phone is currently unreachable/unavailable", { failure: "recipient_refused", code: "phone_unreachable" }],
  ["Phone number is opted out", { failure: "recipient_opted_out", code: "opted_out" }],
  ["This delivery would exceed max price", { failure: "sender_refused", code: "max_price" }],
  ["Unknown error attempting to reach phone", { failure: "provider_error", code: "unknown_error" }],
]);
