import type { CallListInstanceCreateOptions } from "twilio/lib/rest/api/v2010/account/call.js";
import type VoiceResponse from "twilio/lib/twiml/VoiceResponse.js";
import type { Message } from "../otp/ports.ts";
import { byLocale } from "./by-locale.ts";
import type { TwilioConfig } from "./twilio-config.ts";

type SayLanguage = NonNullable<VoiceResponse.SayAttributes["language"]>;
type SayVoice = NonNullable<VoiceResponse.SayAttributes["voice"]>;
/** A language that has a voice of this one kind, which all of ours have. */
type Spoken = { [Language in SayLanguage]: `Google.${Language}-Standard-A` extends SayVoice ? Language : never }[SayLanguage];

/**
 * Twilio wants a region with the language, and its own voices speak but a few of them
 * (https://www.twilio.com/docs/voice/twiml/say/text-speech).
 */
const languages: Readonly<Record<string, Spoken>> = {
  ar: "ar-XA",
  de: "de-DE",
  en: "en-US",
  "en-au": "en-AU",
  "en-gb": "en-GB",
  "en-in": "en-IN",
  es: "es-ES",
  "es-us": "es-US",
  fr: "fr-FR",
  "fr-ca": "fr-CA",
  he: "he-IL",
  hi: "hi-IN",
  it: "it-IT",
  ja: "ja-JP",
  ko: "ko-KR",
  nl: "nl-NL",
  "nl-be": "nl-BE",
  pl: "pl-PL",
  pt: "pt-PT",
  "pt-br": "pt-BR",
  sv: "sv-SE",
  tr: "tr-TR",
  uk: "uk-UA",
  zh: "cmn-CN",
  "zh-hant": "cmn-TW",
  "zh-tw": "cmn-TW",
};

/**
 * The script travels in the request: fetched from a URL, the code would be in the URL or kept for whoever asks. Each character is
 * spoken by itself with a pause behind it, so that it is neither read as a number nor too fast to write down.
 * https://www.twilio.com/docs/voice/api/call-resource#twiml
 */
export function buildCall(message: Message, { from }: TwilioConfig, script: VoiceResponse): CallListInstanceCreateOptions {
  if (from === undefined || !message.speech) throw new TypeError("a call needs the number to call from and what to say");
  const { before, after, repeat } = message.speech;
  const speaker = speakerOf(message.locale);
  for (let round = 0; round < repeat; round += 1) {
    script.say(speaker, before);
    for (const character of message.code) {
      script.say(speaker, character);
      script.pause({ length: 1 });
    }
    script.say(speaker, after);
    script.pause({ length: 1 });
  }
  return { from, to: message.to, twiml: script.toString(), ...(message.receipt && { statusCallback: message.receipt.url }) };
}

/** A language of the operator's own templates is passed on as it is. */
function speakerOf(locale: string): VoiceResponse.SayAttributes {
  const language = byLocale(languages, locale);
  return language ? { language, voice: `Google.${language}-Standard-A` } : { language: locale as SayLanguage };
}
