import type { Message } from "../otp/ports.ts";
import { byLocale } from "./by-locale.ts";
import { digits } from "./vendor-forms.ts";
import type { JsonObject } from "./vendor-json.ts";
import type { VonageConfig } from "./vonage-config.ts";

/** A language goes with its region (https://developer.vonage.com/en/voice/voice-api/guides/text-to-speech). */
const languages: Readonly<Record<string, string>> = {
  ar: "ar",
  ca: "ca-ES",
  cs: "cs-CZ",
  da: "da-DK",
  de: "de-DE",
  el: "el-GR",
  en: "en-US",
  "en-au": "en-AU",
  "en-gb": "en-GB",
  es: "es-ES",
  "es-mx": "es-MX",
  "es-us": "es-US",
  fi: "fi-FI",
  fr: "fr-FR",
  "fr-ca": "fr-CA",
  he: "he-IL",
  hi: "hi-IN",
  hu: "hu-HU",
  id: "id-ID",
  it: "it-IT",
  ja: "ja-JP",
  ko: "ko-KR",
  nb: "nb-NO",
  nl: "nl-NL",
  no: "no-NO",
  pl: "pl-PL",
  pt: "pt-PT",
  "pt-br": "pt-BR",
  ro: "ro-RO",
  ru: "ru-RU",
  sk: "sk-SK",
  sv: "sv-SE",
  th: "th-TH",
  tr: "tr-TR",
  uk: "uk-UA",
  vi: "vi-VN",
  zh: "cmn-CN",
  "zh-hant": "cmn-TW",
  "zh-tw": "cmn-TW",
};

/**
 * The script travels in the request: fetched from a URL, the code would be in the URL or kept for whoever asks. Each character
 * stands by itself with a pause behind it, so that it is neither read as a number nor too fast to write down.
 * https://developer.vonage.com/en/api/voice#createCall, https://developer.vonage.com/en/voice/voice-api/ncco-reference#talk,
 * https://developer.vonage.com/en/voice/voice-api/concepts/customizing-tts
 */
export function buildCall(message: Message, { from }: VonageConfig): JsonObject {
  if (from === undefined || !message.speech) throw new TypeError("a call needs the number to call from and what to say");
  const { before, after, repeat } = message.speech;
  const spelled = [...message.code].map((character) => `${escapeXml(character)}<break time='1s' />`).join("");
  const text = `<speak><p>${escapeXml(before)}</p><break time='1s' />${spelled}<p>${escapeXml(after)}</p><break time='1s' /></speak>`;
  const language = byLocale(languages, message.locale) ?? message.locale;
  return {
    to: [{ type: "phone", number: digits(message.to) }],
    from: { type: "phone", number: digits(from) },
    ncco: [{ action: "talk", text, language, loop: repeat }],
    ...(message.receipt && { event_url: [message.receipt.url], event_method: "POST" }),
  };
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;" };
const escapeXml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
