import type { Phrases } from "./phrases.ts";

export const dutch: Phrases = {
  minutes: "{count, plural, one {# minuut} other {# minuten}}",
  seconds: "{count, plural, one {# seconde} other {# seconden}}",
  names: { amount: "bedrag", payee: "begunstigde" },
  confirming: " ter bevestiging van {details}",
  sms: "{code} is je code voor {app}{confirming}. Deze verloopt over {lifetime}. Deel hem nooit met anderen.",
  compact: "{code} is je code voor {app}{confirming}. Deel hem nooit met anderen.",
  speech: {
    before: "Je code voor {app}{confirming} is:",
    after: "Deze verloopt over {lifetime}. Deel hem nooit met anderen.",
  },
  mail: {
    subject: "Je code voor {app}",
    code: "{code} is je code voor {app}.",
    confirms: "Deze bevestigt:",
    expires: "Deze verloopt over {lifetime}.",
    warning:
      "Deel hem nooit met anderen, ook niet met mensen die zeggen dat ze van {app} zijn. Heb je hem niet aangevraagd, negeer dit bericht dan.",
  },
};
