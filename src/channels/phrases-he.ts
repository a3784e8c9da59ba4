import type { Phrases } from "./phrases.ts";

export const hebrew: Phrases = {
  minutes: "{count, plural, one {דקה} two {שתי דקות} other {# דקות}}",
  seconds: "{count, plural, one {שנייה} two {שתי שניות} other {# שניות}}",
  names: { amount: "סכום", payee: "מוטב" },
  confirming: " לאישור {details}",
  sms: "{code} הוא הקוד שלך ב-{app}{confirming}. יפוג בעוד {lifetime}. אין למסור לאיש.",
  compact: "{code} הוא הקוד שלך ב-{app}{confirming}. אין למסור לאיש.",
  speech: {
    before: "הקוד שלך ב-{app}{confirming} הוא:",
    after: "תוקפו יפוג בעוד {lifetime}. אין למסור אותו לאיש.",
  },
  mail: {
    subject: "הקוד שלך ב-{app}",
    code: "{code} הוא הקוד שלך ב-{app}.",
    confirms: "הקוד מאשר:",
    expires: "תוקפו יפוג בעוד {lifetime}.",
    warning: "אין למסור אותו לאיש, גם לא למי שמציג את עצמו כנציג של {app}. אם לא ביקשת את הקוד, אפשר להתעלם מהודעה זו.",
  },
};
