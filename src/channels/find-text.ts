import type { UncheckedWording } from "../otp/ports.ts";
import type { Channel, MessageTemplate } from "../otp/types.ts";
import { fallbackLanguage, languages, lookupTags } from "./languages.ts";
import type { Phrases } from "./phrases.ts";

export type Found = {
  /** The language of the text. */
  readonly locale: string;
  /** The language that was asked for when it was found: `de-CH` of a text in `de`. */
  readonly wanted: string;
  /** The application's own text; otherwise the phrases are what is said. */
  readonly template?: MessageTemplate;
};

/**
 * The text of a message. A text in the person's language comes before any in the application's language, and that before English;
 * in one language the text of the purpose comes before the application's own for all purposes, and that before the one that comes
 * with the service.
 */
export function findText(channel: Channel, { application, purpose, locale }: UncheckedWording): Found {
  const own = application.templates?.filter((template) => template.channel === channel) ?? [];
  for (const range of [locale, application.defaultLocale]) {
    const found =
      findTemplate(own, purpose, range) ?? findTemplate(own, undefined, range) ?? findTag(range, (tag) => Object.hasOwn(languages, tag));
    if (found) return found;
  }
  const { locale: english } = fallbackLanguage;
  return findTemplate(own, purpose, english) ?? findTemplate(own, undefined, english) ?? { locale: english, wanted: english };
}

/** The language that comes with the service and is nearest to a tag. */
export function findLanguage(locale: string): { readonly locale: string; readonly phrases: Phrases } | undefined {
  for (const tag of lookupTags(locale)) {
    const phrases = Object.hasOwn(languages, tag) ? languages[tag] : undefined;
    if (phrases) return { locale: tag, phrases };
  }
  return undefined;
}

function findTemplate(templates: readonly MessageTemplate[], purpose: string | undefined, range: string): Found | undefined {
  const candidates = templates.filter((template) => template.purpose === purpose);
  if (candidates.length === 0) return undefined;
  const found = findTag(range, (tag) => candidates.some(({ locale }) => locale === tag));
  const template = candidates.find(({ locale }) => locale === found?.locale);
  return found && template && { ...found, template };
}

function findTag(range: string, isKnown: (tag: string) => boolean): Found | undefined {
  const tags = lookupTags(range);
  const locale = tags.find(isKnown);
  return locale === undefined ? undefined : { locale, wanted: tags[0] ?? locale };
}
