/** A service whose five vendors are one server on this machine, each with a country of its own, and who tell what became of messages. */
import { answerBird, accessKey as birdKey } from "../providers/bird-api.ts";
import {
  makeSnsKey,
  type Signed,
  signBird,
  signGateway,
  signSns,
  signTwilio,
  signVonage,
  snsRecord,
} from "../providers/receipt-signers.ts";
import { accessKey, answerSns, region } from "../providers/sns-api.ts";
import { account, answerOf } from "../providers/twilio-server.ts";
import { json, startVendorServer, type VendorAnswer, type VendorRequest } from "../providers/vendor-server.ts";
import { application, createVonageApi } from "../providers/vonage-api.ts";
import { type Key, newSecret } from "./production-config.ts";

/** With a path, which a proxy takes off. */
export const publicUrl = "https://otp.example.com/codes";
export const topicArn = `arn:aws:sns:${region}:123456789012:sms-receipts`;
export const secrets = {
  twilio: "twilio-auth-token",
  vonage: "vonage-signature-secret-of-32-bytes",
  bird: "bird-signing-key-of-some-32-bytes",
  gateway: `whsec_${Buffer.alloc(32, 7).toString("base64")}`,
};
export const snsKey = makeSnsKey();
const certificatePath = `/SimpleNotificationService-${"0a".repeat(16)}.pem`;
const apiKey = "01234567";

export async function startVendors() {
  const vonageApi = createVonageApi();
  return startVendorServer((request): VendorAnswer | Promise<VendorAnswer> => {
    if (request.path === certificatePath) return { status: 200, body: snsKey.certificate };
    if (request.path.startsWith("/?Action=ConfirmSubscription")) return { status: 200, body: "<ok/>" };
    if (request.path === "/gateway") return json(200, { id: "gateway-1" });
    if (request.path === "/") return answerSns(request);
    if (request.path.startsWith("/v1/")) return vonageApi(request);
    return request.path.startsWith("/2010-04-01/") ? answerTwilio(request) : answerBird(request);
  });
}

function answerTwilio(request: VendorRequest): VendorAnswer {
  const exchange = {
    request: { method: request.method, url: request.path, headers: request.headers },
    fields: Object.fromEntries(new URLSearchParams(request.body)),
  };
  const { status, body } = answerOf(exchange as never);
  return json(status, body);
}

export function receiptsConfig(baseUrl: string, keys: readonly Key[]) {
  const from = "+15005550006";
  const rule = (country: string, ...providers: string[]) => ({ to: { countries: [country] }, providers });
  return {
    secrets: { ledgerKey: newSecret(), codeKeys: [{ id: "a", secret: newSecret() }] },
    applications: [
      {
        id: "shop",
        displayName: "Shop",
        purposes: ["login"],
        channels: ["sms", "voice", "push"],
        policy: { countries: "*", voice: { countries: "*" } },
        keys: keys.map(({ hash }, index) => ({ id: `key-${index}`, hash })),
      },
    ],
    providers: {
      twilio: {
        kind: "twilio",
        accountSid: account.sid,
        authToken: account.token,
        from,
        baseUrl,
        receipts: { authTokens: ["old", secrets.twilio] },
      },
      vonage: {
        kind: "vonage",
        applicationId: application.id,
        privateKey: application.privateKey,
        from,
        baseUrl,
        receipts: { apiKey, signatureSecrets: [secrets.vonage] },
      },
      bird: { kind: "bird", accessKey: birdKey, from, baseUrl, receipts: { signingKeys: [secrets.bird] } },
      aws: { kind: "sns", region, accessKey, baseUrl, receipts: { topicArn } },
      gateway: {
        kind: "webhook",
        url: `${baseUrl}/gateway`,
        channels: ["push"],
        secrets: [`whsec_${Buffer.alloc(32, 1).toString("base64")}`],
        allowPrivateHosts: ["127.0.0.1"],
        receipts: { secrets: [secrets.gateway] },
      },
    },
    channels: {
      sms: [rule("DE", "twilio"), rule("AT", "vonage"), rule("CH", "bird"), rule("FR", "aws")],
      voice: [rule("DE", "twilio"), rule("AT", "vonage")],
      push: ["gateway"],
    },
    receipts: { publicUrl },
    sendLimits: [],
  };
}

export type Fate = "accepted" | "delivered" | "failed";

export type Vendor = {
  readonly name: string;
  readonly channel: string;
  /** The beginning of a number that it carries messages to. */
  readonly prefix: string;
  /** Where receipts of the message go. */
  urlOf(request: VendorRequest): string;
  sign(
    url: string,
    fate: Fate,
    message: { readonly to: string; readonly request: VendorRequest },
    forge?: Forgery,
  ): Signed | Promise<Signed>;
  /** What cannot be said of its receipts. */
  readonly without?: readonly (keyof typeof forgeries)[];
};

export type Forgery = { readonly key?: true; readonly old?: true; readonly unsigned?: true };
export const forgeries = {
  unsigned: { unsigned: true },
  "signed by another key": { key: true },
  old: { old: true },
} as const satisfies Record<string, Forgery>;

const form = (body: string): Record<string, string> => Object.fromEntries(new URLSearchParams(body));
const unsign = (signed: Signed): Signed => ({ ...signed, headers: { "content-type": signed.headers["content-type"] ?? "text/plain" } });
const maybe = (forge: Forgery | undefined, signed: Signed): Signed => (forge?.unsigned ? unsign(signed) : signed);
const keyFor = (forge: Forgery | undefined, secret: string): string => (forge?.key ? "another-key-of-at-least-32-bytes" : secret);
const uuid = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab";
const anotherSnsKey = makeSnsKey();

export const vendors = (baseUrl: () => string): readonly Vendor[] => [
  {
    name: "twilio",
    channel: "CHANNEL_SMS",
    prefix: "+491511",
    without: ["old"],
    urlOf: ({ body }) => form(body).StatusCallback ?? "",
    sign(url, fate, { to }, forge) {
      const status = { accepted: "sent", delivered: "delivered", failed: "undelivered" }[fate];
      const error: Record<string, string> = fate === "failed" ? { ErrorCode: "30005" } : {};
      const fields = { MessageSid: `SM${"a".repeat(32)}`, MessageStatus: status, To: to, AccountSid: account.sid, ...error };
      return maybe(forge, signTwilio(url, fields, keyFor(forge, secrets.twilio)));
    },
  },
  {
    name: "twilio",
    channel: "CHANNEL_VOICE",
    prefix: "+491512",
    without: ["old"],
    urlOf: ({ body }) => form(body).StatusCallback ?? "",
    sign(url, fate, { to }, forge) {
      const status = { accepted: "ringing", delivered: "completed", failed: "busy" }[fate];
      const fields = { CallSid: `CA${"b".repeat(32)}`, CallStatus: status, To: to, AccountSid: account.sid };
      return maybe(forge, signTwilio(url, fields, keyFor(forge, secrets.twilio)));
    },
  },
  {
    name: "vonage",
    channel: "CHANNEL_SMS",
    prefix: "+43664",
    urlOf: ({ body }) => JSON.parse(body).webhook_url,
    async sign(url, fate, { to, request }, forge) {
      const status = { accepted: "submitted", delivered: "delivered", failed: "rejected" }[fate];
      const error = { type: "https://developer.vonage.com/api-errors/messages#1170", title: 1170, detail: "no" };
      const { client_ref: clientRef } = JSON.parse(request.body);
      const fields = { message_uuid: uuid, to, status, client_ref: clientRef, ...(fate === "failed" && { error }) };
      const terms = { secret: keyFor(forge, secrets.vonage), apiKey, applicationId: application.id, ageSeconds: forge?.old ? 400 : 0 };
      return maybe(forge, await signVonage(url, fields, terms));
    },
  },
  {
    name: "vonage",
    channel: "CHANNEL_VOICE",
    prefix: "+43665",
    urlOf: ({ body }) => JSON.parse(body).event_url[0],
    async sign(url, fate, { to }, forge) {
      const status = { accepted: "ringing", delivered: "completed", failed: "unanswered" }[fate];
      const terms = { secret: keyFor(forge, secrets.vonage), apiKey, ageSeconds: forge?.old ? 400 : 0 };
      return maybe(forge, await signVonage(url, { uuid, to, status, direction: "outbound" }, terms));
    },
  },
  {
    name: "bird",
    channel: "CHANNEL_SMS",
    prefix: "+4178",
    urlOf: ({ body }) => JSON.parse(body).reportUrl,
    async sign(url, fate, { to }, forge) {
      const status = { accepted: "buffered", delivered: "delivered", failed: "delivery_failed" }[fate];
      const fields = { id: "e8077d803532c0b5937c639b60216938", reference: "r", recipient: to.slice(1), status };
      const reason: Record<string, string> = fate === "failed" ? { statusReason: "unknown subscriber", statusErrorCode: "1" } : {};
      const terms = { key: keyFor(forge, secrets.bird), ageSeconds: forge?.old ? 120 : 0 };
      return maybe(forge, await signBird(url, { ...fields, ...reason }, terms));
    },
  },
  {
    name: "aws",
    channel: "CHANNEL_SMS",
    prefix: "+3361",
    urlOf: () => `${publicUrl}/receipts/aws`,
    sign(url, fate, { to }, forge) {
      const [status, response] =
        fate === "failed" ? (["FAILURE", "Invalid phone number"] as const) : (["SUCCESS", "Message has been accepted by phone"] as const);
      const message = snsRecord(to, "567910cd-659e-55d4-8ccb-5aaf14679dc0", status, response);
      const key = forge?.key ? anotherSnsKey : snsKey;
      const signed = signSns(url, message, {
        key,
        topicArn,
        certificateUrl: baseUrl() + certificatePath,
        ageSeconds: forge?.old ? 4_000 : 0,
      });
      if (!forge?.unsigned) return signed;
      const { Signature: _, ...fields } = JSON.parse(signed.body ?? "");
      return { ...signed, body: JSON.stringify(fields) };
    },
  },
  {
    name: "gateway",
    channel: "CHANNEL_PUSH",
    prefix: "+491515",
    urlOf: ({ body }) => JSON.parse(body).receipt_url,
    sign(url, fate, { request }, forge) {
      const { delivery_id: deliveryId } = JSON.parse(request.body);
      const failure = fate === "failed" ? { failure: "recipient_refused" } : {};
      const fields = { type: "countersign.receipt", delivery_id: deliveryId, state: fate, id: "gateway-1", ...failure };
      const secret = forge?.key ? `whsec_${Buffer.alloc(32, 1).toString("base64")}` : secrets.gateway;
      return maybe(forge, signGateway(url, fields, { secret, ageSeconds: forge?.old ? 400 : 0 }));
    },
  },
];

export const certificateUrl = (baseUrl: string): string => baseUrl + certificatePath;
