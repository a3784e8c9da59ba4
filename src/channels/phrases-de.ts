import type { Phrases } from "./phrases.ts";

/** Umlauts are in the GSM alphabet. */
export const german: Phrases = {
  minutes: "{count, plural, one {# Minute} other {# Minuten}}",
  seconds: "{count, plural, one {# Sekunde} other {# Sekunden}}",
  names: { amount: "Betrag", payee: "Empfänger" },
  confirming: " zur Bestätigung von {details}",
  sms: "{code} ist Ihr Code für {app}{confirming}. Er läuft in {lifetime} ab. Geben Sie ihn nie weiter.",
  compact: "{code} ist Ihr Code für {app}{confirming}. Geben Sie ihn nie weiter.",
  speech: {
    before: "Ihr Code für {app}{confirming} lautet:",
    after: "Er läuft in {lifetime} ab. Geben Sie ihn nie weiter.",
  },
  mail: {
    subject: "Ihr Code für {app}",
    code: "{code} ist Ihr Code für {app}.",
    confirms: "Er bestätigt:",
    expires: "Er läuft in {lifetime} ab.",
    warning:
      "Geben Sie ihn nie weiter, auch nicht an Leute, die sagen, sie seien von {app}. Wenn Sie ihn nicht angefordert haben, ignorieren Sie diese Nachricht.",
  },
};
