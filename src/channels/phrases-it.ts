import type { Phrases } from "./phrases.ts";

/** Every accented letter of Italian is in the GSM alphabet. */
export const italian: Phrases = {
  minutes: "{count, plural, one {# minuto} other {# minuti}}",
  seconds: "{count, plural, one {# secondo} other {# secondi}}",
  names: { amount: "importo", payee: "beneficiario" },
  confirming: " ({details})",
  sms: "{code} è il tuo codice {app}{confirming}. Scade tra {lifetime}. Non condividerlo con nessuno.",
  compact: "{code} è il tuo codice {app}{confirming}. Non condividerlo con nessuno.",
  speech: {
    before: "Il tuo codice {app}{confirming} è:",
    after: "Scade tra {lifetime}. Non condividerlo con nessuno.",
  },
  mail: {
    subject: "Il tuo codice {app}",
    code: "{code} è il tuo codice {app}.",
    confirms: "Conferma:",
    expires: "Scade tra {lifetime}.",
    warning: "Non condividerlo con nessuno, nemmeno con chi dice di essere di {app}. Se non l''hai richiesto, ignora questo messaggio.",
  },
};
