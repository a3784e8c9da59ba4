import { z } from "zod";

const sid = (prefix: string, what: string) => {
  const write = `the ${what}: ${prefix} and 32 hexadecimal digits`;
  return z
    .string({ error: `write ${write}` })
    .regex(new RegExp(`^${prefix}[0-9a-f]{32}$`), `write ${write}`)
    .meta({ description: write });
};

const secret = (what: string) => {
  const error = `write the ${what}, visible ASCII characters only`;
  return z
    .string({ error })
    .regex(/^[\x21-\x7e]{1,256}$/, error)
    .meta({ description: what, secret: true });
};

const location = (what: string, example: string) => {
  const write = `${what} such as ${example}`;
  return z
    .string({ error: `write ${write}` })
    .regex(/^[a-z0-9-]{1,32}$/, `write ${write}`)
    .meta({ description: `${write}; https://www.twilio.com/docs/global-infrastructure` });
};

/** The number calls are made from, and the only kind of sender that voice has. */
export const isE164 = (sender: string): boolean => /^\+[1-9]\d{6,14}$/.test(sender);

const senderForm = "the sender: a number such as +15551234567, a short code, or (SMS only) a name of at most 11 letters and digits";
const isSender = (sender: string): boolean =>
  isE164(sender) || /^\d{3,8}$/.test(sender) || (/^[A-Za-z0-9 &+_-]{1,11}$/.test(sender) && /[A-Za-z]/.test(sender));

const baseUrlForm = "an https:// origin; http:// only for a loopback address, because the credentials travel with every request";

function isSafeOrigin(text: string): boolean {
  const url = URL.parse(text);
  if (!url || (url.origin !== text && `${url.origin}/` !== text)) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname));
}

/** One account for text messages and calls. */
export const twilioConfig = z
  .strictObject({
    kind: z.literal("twilio"),
    accountSid: sid("AC", "account SID"),
    authToken: secret("auth token of the account; an API key is better, because it can be revoked by itself").optional(),
    apiKey: z
      .strictObject({ sid: sid("SK", "SID of an API key"), secret: secret("secret of the API key") })
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
    baseUrl: z
      .string({ error: `write ${baseUrlForm}` })
      .refine(isSafeOrigin, `write ${baseUrlForm}`)
      .meta({ description: `where the API is, for a proxy or a test: ${baseUrlForm}` })
      .optional(),
    timeoutSeconds: z
      .number({ error: "write seconds from 1 to 14" })
      .min(1, "write seconds from 1 to 14")
      .max(14, "write seconds from 1 to 14")
      .default(8)
      .meta({ description: "how long one request may take in all, 1 to 14; a call of this service takes at most 15" }),
  })
  .check((context) => {
    const { authToken, apiKey, from, messagingServiceSid } = context.value;
    const report = (setting: string, message: string) =>
      context.issues.push({ code: "custom", input: context.value, path: [setting], message });
    if ((authToken === undefined) === (apiKey === undefined)) report("authToken", "write either authToken or apiKey");
    if (from === undefined && messagingServiceSid === undefined)
      report("from", "write from or messagingServiceSid, or nobody sends the message");
  });

export type TwilioConfig = z.output<typeof twilioConfig>;
