import type { Phrases } from "./phrases.ts";

/** Å, ä and ö are in the GSM alphabet. */
export const swedish: Phrases = {
  minutes: "{count, plural, one {# minut} other {# minuter}}",
  seconds: "{count, plural, one {# sekund} other {# sekunder}}",
  names: { amount: "belopp", payee: "mottagare" },
  confirming: " för att bekräfta {details}",
  sms: "{code} är din kod för {app}{confirming}. Den gäller i {lifetime}. Dela den aldrig med någon.",
  compact: "{code} är din kod för {app}{confirming}. Dela den aldrig med någon.",
  speech: {
    before: "Din kod för {app}{confirming} är:",
    after: "Den gäller i {lifetime}. Dela den aldrig med någon.",
  },
  mail: {
    subject: "Din kod för {app}",
    code: "{code} är din kod för {app}.",
    confirms: "Den bekräftar:",
    expires: "Den gäller i {lifetime}.",
    warning:
      "Dela den aldrig med någon, inte ens med någon som säger sig komma från {app}. Om du inte har bett om den kan du bortse från det här meddelandet.",
  },
};
