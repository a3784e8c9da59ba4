import type { Wording } from "../otp/ports.ts";
import { displayText, oneLine } from "./display-text.ts";
import type { Phrases, Said } from "./phrases.ts";
import { german } from "./phrases-de.ts";
import { english } from "./phrases-en.ts";

/** By BCP 47 tag in lower case; another language is one more line. */
const languages: Readonly<Record<string, Phrases>> = { en: english, de: german };

/** A payee's name takes up to 70 characters (ISO 20022, SEPA). */
const maxValueLength = 70;

export type Worded = { readonly locale: string; readonly phrases: Phrases; readonly said: Said; readonly details: readonly Detail[] };
export type Detail = { readonly name: string; readonly value: string };

/** Finds the language and makes everything fit to be shown; the channels only arrange it. */
export function word({ application, binding, code, lifetimeMs, locale }: Wording): Worded {
  const found = findPhrases(locale, application.defaultLocale);
  const details = detailsOf(binding);
  const said = {
    code,
    application: oneLine(application.displayName),
    lifetime: formatLifetime(found.phrases, lifetimeMs),
    details: details.map(({ name, value }) => `${name} ${value}`).join(", "),
  };
  return { ...found, said, details };
}

/** Lookup of RFC 4647, section 3.4: the tag is shortened from its end until a language is found. */
function findPhrases(...wanted: readonly string[]): Pick<Worded, "locale" | "phrases"> {
  for (const range of wanted) {
    for (let tag = range.toLowerCase(); tag !== ""; tag = tag.slice(0, Math.max(0, tag.lastIndexOf("-")))) {
      const phrases = Object.hasOwn(languages, tag) ? languages[tag] : undefined;
      if (phrases) return { locale: tag, phrases };
    }
  }
  return { locale: "en", phrases: english };
}

/** Sorted, because a map on the wire has no order and the same request must read the same. */
const detailsOf = (binding: Wording["binding"]): readonly Detail[] =>
  Object.entries(binding)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ name: displayText(key.replaceAll("_", " "), 32), value: displayText(value, maxValueLength) }));

/** Rounded down: a message must not promise time that the code does not have. */
function formatLifetime(phrases: Phrases, lifetimeMs: number): string {
  const seconds = Math.max(1, Math.floor(lifetimeMs / 1000));
  return seconds < 60 ? phrases.seconds(seconds) : phrases.minutes(Math.floor(seconds / 60));
}
