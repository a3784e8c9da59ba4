import type { MessageListInstanceCreateOptions } from "twilio/lib/rest/api/v2010/account/message.js";
import type { Message } from "../otp/ports.ts";
import { templateFor } from "./by-locale.ts";
import type { TwilioConfig } from "./twilio-config.ts";

/**
 * WhatsApp takes a code from a business only in a template that it has approved, and of kind "authentication" that has one variable:
 * the code (https://www.twilio.com/docs/content/whatsappauthentication). Our own text stays behind.
 * https://www.twilio.com/docs/content/send-templates-created-with-the-content-template-builder
 */
export function buildWhatsapp({ to, code, locale, receipt }: Message, { whatsapp }: TwilioConfig): MessageListInstanceCreateOptions {
  const template = whatsapp && templateFor(whatsapp.templates, locale);
  if (!template) throw new TypeError("a WhatsApp message needs the number and the template it comes by");
  return {
    from: `whatsapp:${whatsapp.from}`,
    to: `whatsapp:${to}`,
    contentSid: template.contentSid,
    contentVariables: JSON.stringify({ 1: code }),
    ...(receipt && { statusCallback: receipt.url }),
  };
}
