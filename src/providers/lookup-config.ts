import { z } from "zod";
import { allowPrivateHosts, certificates, endpointProblem, endpointUrl } from "./endpoint-config.ts";
import { sid } from "./twilio-config.ts";
import { baseUrl, briefTimeoutSeconds, secretText } from "./vendor-forms.ts";
import { webhookSecret } from "./webhook-config.ts";

const twilioLookup = z
  .strictObject({
    kind: z.literal("twilio"),
    accountSid: sid("AC", "account SID"),
    authToken: secretText("auth token of the account; an API key is better, because it can be revoked by itself").optional(),
    apiKey: z
      .strictObject({ sid: sid("SK", "SID of an API key"), secret: secretText("secret of the API key") })
      .meta({ description: "an API key of the account, instead of authToken" })
      .optional(),
    baseUrl: baseUrl.optional(),
    timeoutSeconds: briefTimeoutSeconds,
  })
  .check((context) => {
    const { authToken, apiKey } = context.value;
    if ((authToken === undefined) === (apiKey === undefined))
      context.issues.push({ code: "custom", input: context.value, path: ["authToken"], message: "write either authToken or apiKey" });
  });

const webhookLookup = z
  .strictObject({
    kind: z.literal("webhook"),
    url: endpointUrl(""),
    secrets: z
      .array(webhookSecret, { error: "write a list of 1 to 4 secrets" })
      .min(1, "write a list of 1 to 4 secrets")
      .max(4, "write a list of 1 to 4 secrets")
      .meta({ description: "1 to 4 keys that requests are signed with, all of them each time, so that keys can be replaced" }),
    allowPrivateHosts,
    ca: certificates,
    timeoutSeconds: briefTimeoutSeconds,
  })
  .check((context) => {
    const message = endpointProblem(context.value);
    if (message !== undefined) context.issues.push({ code: "custom", input: context.value, path: ["url"], message });
  });

/** Who is asked about numbers, by kind. */
export const lookupConfig = z.discriminatedUnion("kind", [twilioLookup, webhookLookup]);

export type LookupConfig = z.output<typeof lookupConfig>;
export type LookupConfigOf<Kind extends LookupConfig["kind"]> = Extract<LookupConfig, { readonly kind: Kind }>;
