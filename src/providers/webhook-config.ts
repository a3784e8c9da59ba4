import { z } from "zod";
import type { Channel } from "../otp/types.ts";
import { jsonPath, successRule } from "./answer-config.ts";
import { allowPrivateHosts, certificates, endpointProblem, endpointUrl, headersOf } from "./endpoint-config.ts";
import { webhookReceipts } from "./receipts-config.ts";
import { decodeWebhookSecret, webhookSecretForm } from "./standard-webhooks.ts";
import { timeoutSeconds } from "./vendor-forms.ts";

export const webhookChannels = ["sms", "voice", "email", "push", "whatsapp"] as const satisfies readonly Channel[];

const channelsForm = `a list of what the gateway delivers, each once: ${webhookChannels.join(", ")}`;

export const webhookSecret = z
  .string({ error: `write ${webhookSecretForm}` })
  .refine((text) => decodeWebhookSecret(text) !== undefined, `write ${webhookSecretForm}`)
  .meta({ description: webhookSecretForm, secret: true });

const headerForm = "a header's value: at most 1024 visible ASCII characters, spaces between them only";

const headerValue = z
  .string({ error: `write ${headerForm}` })
  .regex(/^[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?$/, `write ${headerForm}`)
  .meta({ description: headerForm, secret: true });

/** A gateway of the operator's own, called as https://www.standardwebhooks.com says. */
export const webhookConfig = z
  .strictObject({
    kind: z.literal("webhook"),
    url: endpointUrl(""),
    channels: z
      .array(z.enum(webhookChannels, { error: `write one of ${webhookChannels.join(", ")}` }), { error: `write ${channelsForm}` })
      .min(1, `write ${channelsForm}`)
      .refine((channels) => new Set(channels).size === channels.length, `write ${channelsForm}`)
      .meta({ description: channelsForm }),
    secrets: z
      .array(webhookSecret, { error: "write a list of 1 to 4 secrets" })
      .min(1, "write a list of 1 to 4 secrets")
      .max(4, "write a list of 1 to 4 secrets")
      .meta({ description: "1 to 4 keys that requests are signed with, all of them each time, so that keys can be replaced" }),
    headers: headersOf(headerValue).meta({ description: "headers that go with every request" }),
    success: successRule.meta({ description: "what an answer must be to say that the message was taken" }),
    messageIdPath: jsonPath("where the gateway's own id of the message is in a JSON answer").default("id"),
    receipts: webhookReceipts.optional(),
    allowPrivateHosts,
    ca: certificates,
    timeoutSeconds,
  })
  .check((context) => {
    const message = endpointProblem(context.value);
    if (message !== undefined) context.issues.push({ code: "custom", input: context.value, path: ["url"], message });
  });

export type WebhookConfig = z.output<typeof webhookConfig>;
