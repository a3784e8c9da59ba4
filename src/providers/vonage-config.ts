import { createPrivateKey } from "node:crypto";
import { z } from "zod";
import type { Channel } from "../otp/types.ts";
import { vonageReceipts } from "./receipts-config.ts";
import { baseUrl, checkedText, isE164, isSenderName, locale, phoneNumber, timeoutSeconds } from "./vendor-forms.ts";

const keyForm = "the application's private key: RSA in PEM, of at least 2048 bits, beginning with -----BEGIN PRIVATE KEY-----";
const senderForm = "the sender: a number such as +15551234567, or (SMS only) a name of at most 11 letters and digits";
const templatesForm = "write a list of 1 to 50 templates";

/** One application for text messages, calls and WhatsApp. */
export const vonageConfig = z
  .strictObject({
    kind: z.literal("vonage"),
    applicationId: checkedText(
      "the application's id: 32 hexadecimal digits in five groups",
      /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    ),
    privateKey: z
      .string({ error: `write ${keyForm}` })
      .refine(isRsaKey, `write ${keyForm}`)
      .meta({ description: keyForm, secret: true }),
    from: z
      .string({ error: `write ${senderForm}` })
      .refine((sender) => isE164(sender) || isSenderName(sender), `write ${senderForm}`)
      .meta({ description: senderForm })
      .optional(),
    entityId: checkedText("the id that India's DLT gave your business", /^[A-Za-z0-9]{1,50}$/).optional(),
    contentId: checkedText("the id that India's DLT gave the template of the text", /^[A-Za-z0-9]{1,50}$/).optional(),
    whatsapp: z
      .strictObject({
        from: phoneNumber("the number of the WhatsApp sender"),
        templates: z
          .array(
            z.strictObject({
              locale,
              name: checkedText("the name of an approved template of category authentication", /^[a-z0-9_]{1,512}$/),
              language: checkedText("the template's language as WhatsApp has it, such as en or en_US", /^[a-z]{2,3}(?:_[A-Z]{2,4})?$/),
            }),
            { error: templatesForm },
          )
          .min(1, templatesForm)
          .max(50, templatesForm)
          .meta({ description: "templates by language; the first one serves the languages that have none" }),
      })
      .meta({ description: "who sends WhatsApp messages, and by which templates" })
      .optional(),
    receipts: vonageReceipts.optional(),
    baseUrl: baseUrl.optional(),
    timeoutSeconds,
  })
  .refine(({ from, whatsapp }) => from !== undefined || whatsapp !== undefined, {
    path: ["from"],
    error: "write from, or nobody sends the message",
  });

export type VonageConfig = z.output<typeof vonageConfig>;

export function vonageCarries(channel: Channel, { from, whatsapp }: VonageConfig): boolean {
  if (channel === "voice") return isE164(from ?? "");
  return channel === "whatsapp" ? whatsapp !== undefined : from !== undefined;
}

/** The documentation asks for RS256 (https://developer.vonage.com/en/getting-started/concepts/authentication). */
function isRsaKey(pem: string): boolean {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === "rsa" && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
  } catch {
    return false;
  }
}
