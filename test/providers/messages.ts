import type { Message } from "../../src/otp/ports.ts";

export const smsMessage: Message = {
  channel: "sms",
  to: "+4915112345678",
  code: "482913",
  text: "482913 is your Example code. It expires in 5 minutes. Never share it.",
  locale: "en",
  application: "shop",
  challengeId: "challenge-1",
  deliveryId: "d1",
};

export const callMessage: Message = {
  ...smsMessage,
  channel: "voice",
  text: "Your Example code is: Never share it.",
  speech: { before: "Your Example & Sons <code> is:", after: "Never share it.", repeat: 2 },
};

export const mailMessage: Message = {
  ...smsMessage,
  channel: "email",
  to: "Ada+codes@example.org",
  subject: "Your Example code",
  text: "482913 is your Example code.\n\nIt expires in 5 minutes.\n",
  html: "<!doctype html><p>482913</p>",
};

export const patience = (): AbortSignal => AbortSignal.timeout(20_000);
