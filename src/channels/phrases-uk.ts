import type { Phrases } from "./phrases.ts";

export const ukrainian: Phrases = {
  minutes: "{count, plural, one {# хвилину} few {# хвилини} many {# хвилин} other {# хвилини}}",
  seconds: "{count, plural, one {# секунду} few {# секунди} many {# секунд} other {# секунди}}",
  names: { amount: "сума", payee: "отримувач" },
  confirming: " ({details})",
  sms: "{code} – ваш код {app}{confirming}. Діє {lifetime}. Нікому його не кажіть.",
  compact: "{code} – ваш код {app}{confirming}. Нікому його не кажіть.",
  speech: {
    before: "Ваш код {app}{confirming}:",
    after: "Він діє {lifetime}. Нікому його не кажіть.",
  },
  mail: {
    subject: "Ваш код {app}",
    code: "{code} – ваш код {app}.",
    confirms: "Він підтверджує:",
    expires: "Він діє {lifetime}.",
    warning:
      "Нікому його не кажіть, навіть тим, хто називає себе представником {app}. Якщо ви не просили цей код, просто не зважайте на це повідомлення.",
  },
};
