import { createHmac } from "node:crypto";

export type Unsigned = {
  readonly id: string;
  readonly timestampSeconds: number;
  readonly body: string;
  /** One signature per key: while keys rotate, a receiver may know either. */
  readonly secrets: readonly string[];
};

/**
 * The headers of https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. The parts of what is
 * signed are told apart by dots, so that an id with a dot in it could be taken for another id and time.
 */
export function signWebhook({ id, timestampSeconds, body, secrets }: Unsigned): Readonly<Record<string, string>> {
  if (!/^[\w-]{1,255}$/.test(id)) throw new TypeError("the id of a webhook is made of letters, digits, _ and -");
  const timestamp = String(Math.floor(timestampSeconds));
  const signatures = secrets.map((secret) => {
    const key = decodeWebhookSecret(secret);
    if (!key) throw new TypeError(`the secret of a webhook is ${webhookSecretForm}`);
    return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}

export const webhookSecretForm = "whsec_ and 24 to 64 random bytes in Base64, such as whsec_ and what make-secret prints";

/** The key that a secret stands for, when it has the form and the size that the specification wants. */
export function decodeWebhookSecret(secret: string): Buffer | undefined {
  const [, text] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  if (text === undefined) return undefined;
  const key = Buffer.from(text, "base64");
  return key.toString("base64") === text && key.length >= 24 && key.length <= 64 ? key : undefined;
}
