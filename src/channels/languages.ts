import type { Phrases } from "./phrases.ts";
import { arabic } from "./phrases-ar.ts";
import { german } from "./phrases-de.ts";
import { english } from "./phrases-en.ts";
import { spanish } from "./phrases-es.ts";
import { french } from "./phrases-fr.ts";
import { hebrew } from "./phrases-he.ts";
import { hindi } from "./phrases-hi.ts";
import { italian } from "./phrases-it.ts";
import { japanese } from "./phrases-ja.ts";
import { korean } from "./phrases-ko.ts";
import { dutch } from "./phrases-nl.ts";
import { polish } from "./phrases-pl.ts";
import { portuguese } from "./phrases-pt.ts";
import { swedish } from "./phrases-sv.ts";
import { turkish } from "./phrases-tr.ts";
import { ukrainian } from "./phrases-uk.ts";
import { simplifiedChinese } from "./phrases-zh.ts";
import { traditionalChinese } from "./phrases-zh-hant.ts";

/** The languages that come with the service, by canonical BCP 47 tag. */
export const languages: Readonly<Record<string, Phrases>> = {
  en: english,
  ar: arabic,
  de: german,
  es: spanish,
  fr: french,
  he: hebrew,
  hi: hindi,
  it: italian,
  ja: japanese,
  ko: korean,
  nl: dutch,
  pl: polish,
  pt: portuguese,
  sv: swedish,
  tr: turkish,
  uk: ukrainian,
  zh: simplifiedChinese,
  "zh-Hant": traditionalChinese,
};

export const fallbackLanguage = { locale: "en", phrases: english } as const;

/**
 * Where to look for a language, the tag itself first: lookup of RFC 4647, section 3.4, which shortens it from its end. Before the bare
 * language of a region comes the one with the script of that region, so that zh-TW is read in traditional characters.
 */
export function lookupTags(range: string): readonly string[] {
  const known = looked.get(range);
  if (known) return known;
  if (looked.size >= maxLooked) looked.clear();
  const tags = makeTags(range);
  looked.set(range, tags);
  return tags;
}

/** Callers may send any tag, so what is remembered of them has a bound. */
const looked = new Map<string, readonly string[]>();
const maxLooked = 1000;

function makeTags(range: string): readonly string[] {
  const wanted = parseTag(range);
  if (!wanted) return [];
  const tags: string[] = [];
  for (let tag = wanted.baseName; tag !== ""; tag = tag.slice(0, Math.max(0, tag.lastIndexOf("-")))) tags.push(tag);
  const { language, script } = wanted.maximize();
  return [...new Set(script === undefined ? tags : tags.toSpliced(Math.max(1, tags.length - 1), 0, `${language}-${script}`))];
}

/** By the script, which a tag may name or imply (ISO 15924). */
export const isRightToLeft = (locale: string): boolean => lookupTags(locale).some((tag) => /-(Arab|Hebr|Thaa|Syrc|Nkoo)$/.test(tag));

function parseTag(tag: string): Intl.Locale | undefined {
  try {
    return new Intl.Locale(tag);
  } catch {
    return undefined;
  }
}
