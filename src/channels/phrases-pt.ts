import type { Phrases } from "./phrases.ts";

/** In words that serve both Portugal and Brazil. "Código" and "não" are outside the GSM alphabet, so 70 characters have to do. */
export const portuguese: Phrases = {
  minutes: "{count, plural, one {# minuto} other {# minutos}}",
  seconds: "{count, plural, one {# segundo} other {# segundos}}",
  names: { amount: "valor", payee: "beneficiário" },
  confirming: " ({details})",
  sms: "{code} é o seu código {app}{confirming}. Expira em {lifetime}. Não o divulgue.",
  compact: "{code} é o seu código {app}{confirming}. Não o divulgue.",
  speech: {
    before: "O seu código {app}{confirming} é:",
    after: "Expira em {lifetime}. Não o divulgue a ninguém.",
  },
  mail: {
    subject: "O seu código {app}",
    code: "{code} é o seu código {app}.",
    confirms: "Confirma:",
    expires: "Expira em {lifetime}.",
    warning: "Não o divulgue a ninguém, nem a quem disser que fala em nome de {app}. Se não o pediu, ignore esta mensagem.",
  },
};
