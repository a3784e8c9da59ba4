import type { Message } from "../otp/ports.ts";
import { templateFor } from "./by-locale.ts";
import { digits } from "./vendor-forms.ts";
import type { JsonObject } from "./vendor-json.ts";
import type { VonageConfig } from "./vonage-config.ts";

/** https://developer.vonage.com/en/api/messages; `client_ref`, of at most 100 characters, comes back with every delivery report. */
export function buildSms({ to, text, deliveryId, receipt }: Message, { from, entityId, contentId }: VonageConfig): JsonObject {
  if (from === undefined) throw new TypeError("a text message needs a sender");
  const dlt = { ...(entityId !== undefined && { entity_id: entityId }), ...(contentId !== undefined && { content_id: contentId }) };
  return {
    channel: "sms",
    message_type: "text",
    from: digits(from),
    to: digits(to),
    text,
    ...referenceOf({ deliveryId, receipt }),
    ...(Object.keys(dlt).length > 0 && { sms: dlt }),
  };
}

/**
 * WhatsApp takes a code from a business only in an approved template. Those of category "authentication" have a button, and then
 * Vonage hands on what WhatsApp itself asks for: the code twice, in the text and in the button, whose kind is called `url`.
 * https://developer.vonage.com/en/messages/code-snippets/whatsapp/send-authentication-template
 */
export function buildWhatsapp({ to, code, locale, deliveryId, receipt }: Message, { whatsapp }: VonageConfig): JsonObject {
  const template = whatsapp && templateFor(whatsapp.templates, locale);
  if (!template) throw new TypeError("a WhatsApp message needs the number and the template it comes by");
  const parameters = [{ type: "text", text: code }];
  return {
    channel: "whatsapp",
    message_type: "custom",
    from: digits(whatsapp.from),
    to: digits(to),
    ...referenceOf({ deliveryId, receipt }),
    custom: {
      type: "template",
      template: {
        name: template.name,
        language: { policy: "deterministic", code: template.language },
        components: [
          { type: "body", parameters },
          { type: "button", sub_type: "url", index: 0, parameters },
        ],
      },
    },
  };
}

const referenceOf = ({ deliveryId, receipt }: Pick<Message, "deliveryId"> & { readonly receipt: Message["receipt"] }): JsonObject => ({
  client_ref: receipt?.name ?? deliveryId,
  ...(receipt && { webhook_url: receipt.url }),
});
