import { z } from "zod";
import { decodeWebhookSecret, webhookSecretForm } from "./standard-webhooks.ts";
import { checkedText, secretText } from "./vendor-forms.ts";

const listOf = <Value extends z.ZodType<string>>(value: Value, what: string, max: number) => {
  const error = `write a list of 1 to ${max} ${what}`;
  return z
    .array(value, { error })
    .min(1, error)
    .max(max, error)
    .meta({ description: `1 to ${max} ${what}; several while one takes the place of another` });
};

const described = (kind: string) => ({
  description: `what tells receipts of ${kind} from forged ones; without it none are asked for or taken`,
});

/** By these a provider's receipts are told from forged ones. */
export const twilioReceipts = z
  .strictObject({
    authTokens: listOf(secretText("auth token of the account, which signs its callbacks"), "auth tokens", 2).optional(),
  })
  .meta(described("Twilio"));

export const vonageReceipts = z
  .strictObject({
    apiKey: checkedText("the account's API key: 8 hexadecimal digits", /^[0-9a-f]{8}$/),
    signatureSecrets: listOf(secretText("signature secret of the account"), "signature secrets", 2),
  })
  .meta(described("Vonage"));

export const birdReceipts = z
  .strictObject({ signingKeys: listOf(secretText("signing key of the account, which is not the access key"), "signing keys", 2) })
  .meta(described("Bird"));

export const snsReceipts = z
  .strictObject({
    topicArn: checkedText(
      "the ARN of the topic that the delivery log is published to, such as arn:aws:sns:eu-central-1:123456789012:sms-receipts",
      /^arn:aws(?:-cn|-us-gov)?:sns:[a-z]{2}(?:-[a-z]+){1,2}-\d{1,2}:\d{12}:[A-Za-z0-9_-]{1,256}$/,
    ),
  })
  .meta(described("SNS"));

const webhookSecret = z
  .string({ error: `write ${webhookSecretForm}` })
  .refine((text) => decodeWebhookSecret(text) !== undefined, `write ${webhookSecretForm}`)
  .meta({ description: webhookSecretForm, secret: true });

export const webhookReceipts = z
  .strictObject({ secrets: listOf(webhookSecret, "keys that the gateway signs receipts with", 4) })
  .meta(described("the gateway"));
