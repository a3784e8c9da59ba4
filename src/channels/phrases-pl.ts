import type { Phrases } from "./phrases.ts";

/** The text message is worded so that only "1 minutę" and "1 sekundę" leave the GSM alphabet. */
export const polish: Phrases = {
  minutes: "{count, plural, one {# minutę} few {# minuty} many {# minut} other {# minuty}}",
  seconds: "{count, plural, one {# sekundę} few {# sekundy} many {# sekund} other {# sekundy}}",
  names: { amount: "kwota", payee: "odbiorca" },
  confirming: " ({details})",
  sms: "{code} to kod do {app}{confirming}. Wygasa za {lifetime}. Nie podawaj go nikomu.",
  compact: "{code} to kod do {app}{confirming}. Nie podawaj go nikomu.",
  speech: {
    before: "Twój kod do {app}{confirming} to:",
    after: "Wygasa za {lifetime}. Nie podawaj go nikomu.",
  },
  mail: {
    subject: "Twój kod do {app}",
    code: "{code} to Twój kod do {app}.",
    confirms: "Kod potwierdza:",
    expires: "Wygasa za {lifetime}.",
    warning: "Nie podawaj go nikomu, nawet osobom, które mówią, że są z {app}. Jeśli to nie Ty prosisz o ten kod, zignoruj tę wiadomość.",
  },
};
