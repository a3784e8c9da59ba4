import type { Wording } from "../../src/otp/ports.ts";
import type { MessageTemplate } from "../../src/otp/types.ts";
import { application, wording } from "./application.ts";

const common = { locale: "en", variables: {}, allowLinks: false } as const;

export const smsTemplate = (text: string, more: Partial<MessageTemplate> = {}): MessageTemplate =>
  ({ ...common, channel: "sms", text, maxSegments: 1, ...more }) as MessageTemplate;

export const mailTemplate = (text: string, more: Partial<Extract<MessageTemplate, { channel: "email" }>> = {}): MessageTemplate => ({
  ...common,
  channel: "email",
  subject: "Your code",
  text,
  ...more,
});

export const voiceTemplate = (before: string, after: string, more: Partial<MessageTemplate> = {}): MessageTemplate =>
  ({ ...common, channel: "voice", before, after, ...more }) as MessageTemplate;

export const wordedBy = (templates: readonly MessageTemplate[], more: Partial<Wording> = {}): Wording => ({
  ...wording,
  ...more,
  application: { ...application, ...more.application, templates },
});
