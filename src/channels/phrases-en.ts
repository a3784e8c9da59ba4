import type { Phrases } from "./phrases.ts";

const confirming = (details: string): string => (details === "" ? "" : ` to confirm ${details}`);

export const english: Phrases = {
  minutes: (count) => (count === 1 ? "1 minute" : `${count} minutes`),
  seconds: (count) => (count === 1 ? "1 second" : `${count} seconds`),
  sms: ({ code, application, lifetime, details }) =>
    `${code} is your ${application} code${confirming(details)}. It expires in ${lifetime}. Never share it.`,
  speech: ({ application, lifetime, details }) => ({
    before: `Your ${application} code${confirming(details)} is:`,
    after: `It expires in ${lifetime}. Never share it.`,
  }),
  mail: ({ application, lifetime }) => ({
    subject: `Your ${application} code`,
    isCode: `is your ${application} code.`,
    heading: `Your ${application} code:`,
    confirms: "It confirms:",
    expires: `It expires in ${lifetime}.`,
    warning: `Never share it, not even with people who say they are from ${application}. If you did not ask for it, ignore this message.`,
  }),
};
