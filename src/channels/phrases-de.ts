import type { Phrases } from "./phrases.ts";

const confirming = (details: string): string => (details === "" ? "" : ` zur Bestätigung von ${details}`);

/** Umlauts are in the GSM alphabet. */
export const german: Phrases = {
  minutes: (count) => (count === 1 ? "1 Minute" : `${count} Minuten`),
  seconds: (count) => (count === 1 ? "1 Sekunde" : `${count} Sekunden`),
  sms: ({ code, application, lifetime, details }) =>
    `${code} ist Ihr Code für ${application}${confirming(details)}. Er läuft in ${lifetime} ab. Geben Sie ihn nie weiter.`,
  speech: ({ application, lifetime, details }) => ({
    before: `Ihr Code für ${application}${confirming(details)} lautet:`,
    after: `Er läuft in ${lifetime} ab. Geben Sie ihn nie weiter.`,
  }),
  mail: ({ application, lifetime }) => ({
    subject: `Ihr Code für ${application}`,
    isCode: `ist Ihr Code für ${application}.`,
    heading: `Ihr Code für ${application}:`,
    confirms: "Er bestätigt:",
    expires: `Er läuft in ${lifetime} ab.`,
    warning: `Geben Sie ihn nie weiter, auch nicht an Leute, die sagen, sie seien von ${application}. Wenn Sie ihn nicht angefordert haben, ignorieren Sie diese Nachricht.`,
  }),
};
