/** What the host page said by attributes, read when it is needed. */
import type { Alphabet } from "./code-text.ts";
import type { ChannelName, Kind } from "./machine.ts";
import { kindOf } from "./machine.ts";

export const attributeNames = [
  "alphabet",
  "autofill-domain",
  "channels",
  "country",
  "endpoint",
  "key",
  "locale",
  "purpose",
  "recipient",
] as const;

export type Settings = {
  readonly alphabet: Alphabet;
  readonly autofillDomain: string;
  /** At least one. */
  readonly channels: readonly ChannelName[];
  /** ISO 3166-1 alpha-2; empty when neither the page nor the language says. */
  readonly country: string;
  readonly endpoint: string;
  readonly key: string;
  readonly locale: string;
  readonly purpose: string;
  /** What the recipient's field holds at first. */
  readonly recipient: string;
};

export function readSettings(host: Element): Settings {
  const of = (name: (typeof attributeNames)[number]): string => host.getAttribute(name)?.trim() ?? "";
  const locale = canonical(of("locale") || (host.closest("[lang]")?.getAttribute("lang") ?? "") || navigator.language);
  return {
    alphabet: of("alphabet") === "alphanumeric" ? "alphanumeric" : "digits",
    autofillDomain: of("autofill-domain"),
    channels: readChannels(of("channels")),
    country: of("country").toUpperCase() || regionOf(locale) || regionOf(navigator.language),
    endpoint: of("endpoint"),
    key: of("key"),
    locale,
    purpose: of("purpose"),
    recipient: of("recipient"),
  };
}

/** Ways to reach a recipient that are offered, the first one first. */
export const kindsOf = (channels: readonly ChannelName[]): Kind[] => [...new Set(channels.map(kindOf))];

const known: readonly ChannelName[] = ["sms", "voice", "whatsapp", "email"];
const usual: readonly ChannelName[] = ["sms", "voice", "email"];

function readChannels(text: string): readonly ChannelName[] {
  const named = text.toLowerCase().split(/[\s,]+/);
  const channels = [...new Set(named)].filter((name): name is ChannelName => known.some((each) => each === name));
  return channels.length > 0 ? channels : usual;
}

function canonical(locale: string): string {
  try {
    return Intl.getCanonicalLocales(locale)[0] ?? "en";
  } catch {
    return "en";
  }
}

/** Where most speakers of the language are, when the tag names no country: a list of countries must begin somewhere. */
const regionOf = (locale: string): string => new Intl.Locale(locale).maximize().region ?? "";
