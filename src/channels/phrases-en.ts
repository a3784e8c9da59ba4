import type { Phrases } from "./phrases.ts";

export const english: Phrases = {
  minutes: "{count, plural, one {# minute} other {# minutes}}",
  seconds: "{count, plural, one {# second} other {# seconds}}",
  names: { amount: "amount", payee: "payee" },
  confirming: " to confirm {details}",
  sms: "{code} is your {app} code{confirming}. It expires in {lifetime}. Never share it.",
  compact: "{code} is your {app} code{confirming}. Never share it.",
  speech: {
    before: "Your {app} code{confirming} is:",
    after: "It expires in {lifetime}. Never share it.",
  },
  mail: {
    subject: "Your {app} code",
    code: "{code} is your {app} code.",
    confirms: "It confirms:",
    expires: "It expires in {lifetime}.",
    warning: "Never share it, not even with people who say they are from {app}. If you did not ask for it, ignore this message.",
  },
};
