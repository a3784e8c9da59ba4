import { z } from "zod";
import type { Channel } from "../otp/types.ts";
import { twilioReceipts } from "./receipts-config.ts";
import { baseUrl, isE164, isSenderName, locale, phoneNumber, secretText, timeoutSeconds } from "./vendor-forms.ts";

export const sid = (prefix: string, what: string) => {
  const write = `the ${what}: ${prefix} and 32 hexadecimal digits`;
  return z
    .string({ error: `write ${write}` })
    .regex(new RegExp(`^${prefix}[0-9a-f]{32}$`), `write ${write}`)
    .meta({ description: write });
};

const location = (what: string, example: string) => {
  const write = `${what} such as ${example}`;
  return z
    .string({ error: `write ${write}` })
    .regex(/^[a-z0-9-]{1,32}$/, `write ${write}`)
    .meta({ description: `${write}; https://www.twilio.com/docs/global-infrastructure` });
};

const senderForm = "the sender: a number such as +15551234567, a short code, or (SMS only) a name of at most 11 letters and digits";
const isSender = (sender: string): boolean => isE164(sender) || /^\d{3,8}$/.test(sender) || isSenderName(sender);

/** One account for text messages, calls and WhatsApp. */
export const twilioConfig = z
  .strictObject({
    kind: z.literal("twilio"),
    accountSid: sid("AC", "account SID"),
    authToken: secretText("auth token of the account; an API key is better, because it can be revoked by itself").optional(),
    apiKey: z
      .strictObject({ sid: sid("SK", "SID of an API key"), secret: secretText("secret of the API key") })
      .meta({ description: "an API key of the account, instead of authToken" })
      .optional(),
    from: z
      .string({ error: `write ${senderForm}` })
      .refine(isSender, `write ${senderForm}`)
      .meta({ description: senderForm })
      .optional(),
    messagingServiceSid: sid("MG", "SID of the messaging service that sends text messages, instead of `from`").optional(),
    region: location("the region that processes the data", "ie1").optional(),
    edge: location("the edge to connect to", "dublin").optional(),
    whatsapp: z
      .strictObject({
        from: phoneNumber("the number of the WhatsApp sender"),
        templates: z
          .array(z.strictObject({ locale, contentSid: sid("HX", "SID of an approved content template with the code as its variable 1") }), {
            error: "write a list of 1 to 50 templates",
          })
          .min(1, "write a list of 1 to 50 templates")
          .max(50, "write a list of 1 to 50 templates")
          .meta({ description: "content templates by language; the first one serves the languages that have none" }),
      })
      .meta({ description: "who sends WhatsApp messages, and by which templates" })
      .optional(),
    receipts: twilioReceipts.optional(),
    baseUrl: baseUrl.optional(),
    timeoutSeconds,
  })
  .check((context) => {
    const { receipts, authToken, apiKey, from, messagingServiceSid, whatsapp } = context.value;
    const report = (setting: string, message: string) =>
      context.issues.push({ code: "custom", input: context.value, path: setting.split("."), message });
    if ((authToken === undefined) === (apiKey === undefined)) report("authToken", "write either authToken or apiKey");
    if (receipts && (receipts.authTokens ?? authToken) === undefined)
      report("receipts.authTokens", "write the auth tokens of the account, which sign its callbacks; apiKey does not");
    if (from === undefined && messagingServiceSid === undefined && whatsapp === undefined)
      report("from", "write from or messagingServiceSid, or nobody sends the message");
  });

export type TwilioConfig = z.output<typeof twilioConfig>;

/** Calls are made from a number only, not from a name or a messaging service. */
export function twilioCarries(channel: Channel, { from, messagingServiceSid, whatsapp }: TwilioConfig): boolean {
  if (channel === "voice") return isE164(from ?? "");
  return channel === "whatsapp" ? whatsapp !== undefined : (from ?? messagingServiceSid) !== undefined;
}
