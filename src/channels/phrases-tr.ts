import type { Phrases } from "./phrases.ts";

/** The text message is worded without ç, ğ, ı and ş, which are not in the GSM alphabet. */
export const turkish: Phrases = {
  minutes: "{count} dakika",
  seconds: "{count} saniye",
  names: { amount: "tutar", payee: "alıcı" },
  confirming: " ({details})",
  sms: "{code} {app} kodunuz{confirming}. Süresi {lifetime} sonra dolar. Kodu kimseye vermeyin.",
  compact: "{code} {app} kodunuz{confirming}. Kodu kimseye vermeyin.",
  speech: {
    before: "{app} kodunuz{confirming}:",
    after: "Süresi {lifetime} sonra dolar. Kodu kimseyle paylaşmayın.",
  },
  mail: {
    subject: "{app} kodunuz",
    code: "{code} {app} kodunuz.",
    confirms: "Onayladığınız işlem:",
    expires: "Kodun süresi {lifetime} sonra dolar.",
    warning: "Kodu kimseyle paylaşmayın; {app} adına aradığını söyleyenlerle bile. Bu kodu siz istemediyseniz bu iletiyi dikkate almayın.",
  },
};
