import type { Message } from "../otp/ports.ts";
import type { BirdConfig } from "./bird-config.ts";
import { byLocale } from "./by-locale.ts";
import { digits } from "./vendor-forms.ts";
import type { JsonObject } from "./vendor-json.ts";

/** A language goes with its region (https://developers.messagebird.com/api/voice-calling). */
const languages: Readonly<Record<string, string>> = {
  da: "da-DK",
  de: "de-DE",
  el: "el-GR",
  en: "en-US",
  "en-au": "en-AU",
  "en-gb": "en-GB",
  "en-in": "en-IN",
  es: "es-ES",
  "es-mx": "es-MX",
  "es-us": "es-US",
  fr: "fr-FR",
  "fr-ca": "fr-CA",
  id: "id-ID",
  it: "it-IT",
  ja: "ja-JP",
  ko: "ko-KR",
  ms: "ms-MY",
  nb: "nb-NO",
  nl: "nl-NL",
  pl: "pl-PL",
  pt: "pt-PT",
  "pt-br": "pt-BR",
  ro: "ro-RO",
  ru: "ru-RU",
  sv: "sv-SE",
  ta: "ta-IN",
  th: "th-TH",
  tr: "tr-TR",
  vi: "vi-VN",
  zh: "zh-CN",
  "zh-hk": "zh-HK",
};

/**
 * The call flow travels in the request: fetched from a URL, the code would be in the URL or kept for whoever asks. Each character is
 * a step by itself with a pause behind it, so that it is neither read as a number nor too fast to write down. A call has no field
 * for a reference, its call flow has a title. https://developers.messagebird.com/api/voice-calling
 */
export function buildCall(message: Message, { from }: BirdConfig): JsonObject {
  if (!message.speech) throw new TypeError("a call needs what to say");
  const { before, after, repeat } = message.speech;
  const language = byLocale(languages, message.locale) ?? message.locale;
  const say = (payload: string) => ({ action: "say", options: { payload, language, voice: "female" } });
  const pause = { action: "pause", options: { length: 1 } };
  const round = [say(before), ...[...message.code].flatMap((character) => [say(character), pause]), say(after), pause];
  return {
    source: digits(from),
    destination: digits(message.to),
    callFlow: { title: message.deliveryId, steps: Array.from({ length: repeat }, () => round).flat() },
  };
}
