import type { Plural } from "./format.ts";
import type { ChannelName, Kind, Why } from "./machine.ts";
import { texts as ar } from "./text-ar.ts";
import { texts as de } from "./text-de.ts";
import { texts as en } from "./text-en.ts";
import { texts as es } from "./text-es.ts";
import { texts as fr } from "./text-fr.ts";

/** Everything the element says. `{to}` is the masked recipient, `{time}` a countdown such as `0:29`, `{when}` such as "in 12 minutes". */
export type Texts = {
  readonly kindQuestion: string;
  readonly kinds: Readonly<Record<Kind, string>>;
  readonly country: string;
  readonly fields: Readonly<Record<Kind, string>>;
  readonly send: string;
  readonly sending: string;
  readonly sent: Readonly<Record<ChannelName, string>>;
  readonly codeLabel: Readonly<Record<"digits" | "alphanumeric", Plural>>;
  readonly verify: string;
  readonly verifying: string;
  readonly missing: string;
  readonly again: string;
  readonly byChannel: Readonly<Record<ChannelName, string>>;
  readonly wait: string;
  readonly ready: string;
  readonly noMore: string;
  readonly change: Readonly<Record<Kind, string>>;
  readonly loading: string;
  readonly done: string;
  readonly over: Readonly<Record<Why, string>>;
  readonly newCode: string;
  readonly tryAgain: string;
  readonly attempts: Plural;
  readonly problems: {
    readonly wrong: string;
    readonly short: Plural;
    readonly recipient: Readonly<Record<Kind, string>>;
    readonly locked: string;
    readonly tooMany: string;
    readonly undelivered: string;
    readonly offline: string;
    readonly setUp: string;
    readonly other: string;
    readonly when: string;
  };
};

/** What a host page says in its own words. */
export type OwnTexts = { readonly [K in keyof Texts]?: Texts[K] extends string ? string : Partial<Texts[K]> };

const languages: Readonly<Record<string, Texts>> = { en, de, fr, es, ar };
export const languageNames: readonly string[] = Object.keys(languages);

/** In the nearest language there is; English where there is none. */
export function findTexts(locale: string, own: OwnTexts = {}): Texts {
  const texts = languages[languageOf(locale)] ?? en;
  const merged = Object.entries(own).map(([name, value]) => {
    const given = texts[name as keyof Texts];
    return [name, typeof given === "object" && typeof value === "object" ? { ...given, ...value } : value];
  });
  return { ...texts, ...Object.fromEntries(merged) };
}

/** The language that `findTexts` answers in, as a tag that formats numbers and times. */
export const spokenLocale = (locale: string): string => (languageOf(locale) in languages ? locale : "en");

const rightToLeft = new Set(["ar", "fa", "he", "ur"]);
export const directionOf = (locale: string): "rtl" | "ltr" => (rightToLeft.has(languageOf(locale)) ? "rtl" : "ltr");

function languageOf(locale: string): string {
  try {
    return new Intl.Locale(locale).language;
  } catch {
    return "";
  }
}
