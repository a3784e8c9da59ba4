import type { Phrases } from "./phrases.ts";

/** The GSM alphabet has é and ñ, but no á, í, ó or ú: text messages say "clave" where mails say "código". */
export const spanish: Phrases = {
  minutes: "{count, plural, one {# minuto} other {# minutos}}",
  seconds: "{count, plural, one {# segundo} other {# segundos}}",
  names: { amount: "importe", payee: "beneficiario" },
  confirming: " ({details})",
  sms: "{code} es tu clave de {app}{confirming}. Caduca en {lifetime}. No la compartas con nadie.",
  compact: "{code} es tu clave de {app}{confirming}. No la compartas con nadie.",
  speech: {
    before: "Tu código de {app}{confirming} es:",
    after: "Caduca en {lifetime}. No lo compartas con nadie.",
  },
  mail: {
    subject: "Tu código de {app}",
    code: "{code} es tu código de {app}.",
    confirms: "Confirma:",
    expires: "Caduca en {lifetime}.",
    warning: "No lo compartas con nadie, tampoco con quien diga ser de {app}. Si no lo has pedido, ignora este mensaje.",
  },
};
