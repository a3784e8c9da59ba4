import type { MessageListInstanceCreateOptions } from "twilio/lib/rest/api/v2010/account/message.js";
import type { Message } from "../otp/ports.ts";
import type { TwilioConfig } from "./twilio-config.ts";

/** https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource */
export function buildSms(message: Message, { from, messagingServiceSid }: TwilioConfig): MessageListInstanceCreateOptions {
  const sender = messagingServiceSid === undefined ? { from } : { messagingServiceSid };
  return { ...sender, to: message.to, body: message.text, ...(message.receipt && { statusCallback: message.receipt.url }) };
}
