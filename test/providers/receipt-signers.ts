/** Receipts as the vendors would send them, signed by their own or other people's code, and everything about them open to forgery. */
import { execFileSync } from "node:child_process";
import { createHash, createHmac, createSign, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { Webhook } from "standardwebhooks";

/** One request; `url` is the public one. */
export type Signed = {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const secondsNow = (): number => Math.floor(Date.now() / 1000);
const hmacKey = (secret: string): Uint8Array => new TextEncoder().encode(secret);

export function signTwilio(url: string, fields: Readonly<Record<string, string>>, token: string): Signed {
  const headers = { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": twilioSignature(token, url, fields) };
  return { method: "POST", url, headers, body: new URLSearchParams(fields).toString() };
}

/** As the documentation describes it: the address, and names and values of the fields in the order of their names. */
const twilioSignature = (token: string, url: string, fields: Readonly<Record<string, string>>): string =>
  createHmac("sha1", token)
    .update(
      url +
        Object.keys(fields)
          .toSorted()
          .map((name) => `${name}${fields[name]}`)
          .join(""),
    )
    .digest("base64");

/** The other form: a body that is no form is signed by its hash in the address. */
export function signTwilioJson(url: string, fields: object, token: string): Signed {
  const body = JSON.stringify(fields);
  const address = `${url}?bodySHA256=${sha256(body)}`;
  const headers = { "content-type": "application/json", "x-twilio-signature": twilioSignature(token, address, {}) };
  return { method: "POST", url: address, headers, body };
}

export type VonageClaims = {
  readonly secret: string;
  readonly apiKey: string;
  readonly applicationId?: string;
  readonly ageSeconds?: number;
};

export async function signVonage(url: string, fields: object, terms: VonageClaims): Promise<Signed> {
  const { secret, apiKey, applicationId, ageSeconds = 0 } = terms;
  const body = JSON.stringify(fields);
  const claims = { payload_hash: sha256(body), api_key: apiKey, ...(applicationId && { application_id: applicationId }) };
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer("Vonage")
    .setIssuedAt(secondsNow() - ageSeconds)
    .setJti(randomUUID())
    .sign(hmacKey(secret));
  return { method: "POST", url, headers: { "content-type": "application/json", authorization: `Bearer ${token}` }, body };
}

export type BirdClaims = { readonly key: string; readonly ageSeconds?: number; readonly issuer?: string; readonly lifeSeconds?: number };

export async function signBird(url: string, fields: Readonly<Record<string, string>>, terms: BirdClaims): Promise<Signed> {
  const address = `${url}?${new URLSearchParams(fields)}`;
  const { key, ageSeconds = 0, issuer = "MessageBird", lifeSeconds = 60 } = terms;
  const token = await new SignJWT({ url_hash: sha256(address) })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuer(issuer)
    .setNotBefore(secondsNow() - ageSeconds)
    .setExpirationTime(secondsNow() - ageSeconds + lifeSeconds)
    .setJti(randomUUID())
    .sign(hmacKey(key));
  return { method: "GET", url: address, headers: { "messagebird-signature-jwt": token } };
}

export function signGateway(
  url: string,
  fields: object,
  { secret, ageSeconds = 0 }: { readonly secret: string; readonly ageSeconds?: number },
): Signed {
  const body = JSON.stringify(fields);
  const at = new Date((secondsNow() - ageSeconds) * 1000);
  const id = `msg_${randomUUID()}`;
  const headers = {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign(id, at, body),
  };
  return { method: "POST", url, headers, body };
}

export type SnsKey = { readonly key: string; readonly certificate: string };
export type SnsTerms = {
  readonly key: SnsKey;
  readonly topicArn: string;
  readonly certificateUrl: string;
  readonly version?: "1" | "2";
  readonly ageSeconds?: number;
  /** Changes what was signed. */
  readonly after?: Readonly<Record<string, string>>;
  readonly subscribeUrl?: string;
};

export function signSns(url: string, message: string, terms: SnsTerms): Signed {
  const { key, topicArn, certificateUrl, version = "2", ageSeconds = 0, after = {}, subscribeUrl } = terms;
  const type = subscribeUrl === undefined ? "Notification" : "SubscriptionConfirmation";
  const fields: Record<string, string> = {
    Type: type,
    MessageId: randomUUID(),
    TopicArn: topicArn,
    Message: message,
    Timestamp: new Date((secondsNow() - ageSeconds) * 1000).toISOString(),
    ...(subscribeUrl === undefined ? { Subject: "sms" } : { SubscribeURL: subscribeUrl, Token: "token" }),
  };
  // In alphabetical order, as the documentation has them.
  const names = Object.keys(fields).toSorted();
  const text = names.map((name) => `${name}\n${fields[name]}\n`).join("");
  const signature = createSign(version === "1" ? "RSA-SHA1" : "RSA-SHA256")
    .update(text)
    .sign(key.key, "base64");
  const body = JSON.stringify({ ...fields, SignatureVersion: version, Signature: signature, SigningCertURL: certificateUrl, ...after });
  const headers = { "content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": type, "x-amz-sns-topic-arn": topicArn };
  return { method: "POST", url, headers, body };
}

/** The record that SNS logs of a text message. */
export const snsRecord = (to: string, messageId: string, status: "SUCCESS" | "FAILURE", providerResponse: string): string =>
  JSON.stringify({
    notification: { messageId, timestamp: "2026-01-01 00:00:00.000" },
    delivery: { destination: to, providerResponse, numberOfMessageParts: 1, smsType: "Transactional" },
    status,
  });

export function makeSnsKey(): SnsKey {
  const folder = mkdtempSync(join(tmpdir(), "countersign-sns-"));
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  try {
    const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=sns.amazonaws.com"];
    execFileSync("openssl", [...request, "-keyout", key, "-out", certificate], { stdio: "ignore" });
    return { key: readFileSync(key, "utf8"), certificate: readFileSync(certificate, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Sends it as it is, to wherever the service really is. */
export const post = (signed: Signed, publicUrl: string, http: string): Promise<Response> =>
  fetch(signed.url.replace(publicUrl, `http://${http}`), {
    method: signed.method,
    headers: signed.headers,
    ...(signed.body !== undefined && { body: signed.body }),
  });
