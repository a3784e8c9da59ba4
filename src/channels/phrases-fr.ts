import type { Phrases } from "./phrases.ts";

/** The GSM alphabet has é, è, à and ù, but no ç, ê or â: text messages do without words that need them. */
export const french: Phrases = {
  minutes: "{count, plural, one {# minute} other {# minutes}}",
  seconds: "{count, plural, one {# seconde} other {# secondes}}",
  names: { amount: "montant", payee: "bénéficiaire" },
  confirming: " ({details})",
  sms: "{code} est votre code {app}{confirming}. Il expire dans {lifetime}. Ne le communiquez jamais.",
  compact: "{code} est votre code {app}{confirming}. Ne le communiquez jamais.",
  speech: {
    before: "Votre code {app}{confirming} est :",
    after: "Il expire dans {lifetime}. Ne le communiquez jamais.",
  },
  mail: {
    subject: "Votre code {app}",
    code: "{code} est votre code {app}.",
    confirms: "Il confirme :",
    expires: "Il expire dans {lifetime}.",
    warning:
      "Ne le communiquez jamais, même à une personne qui dit appeler de la part de {app}. Si vous ne l''avez pas demandé, ignorez ce message.",
  },
};
