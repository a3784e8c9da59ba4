import type { CallListInstanceCreateOptions } from "twilio/lib/rest/api/v2010/account/call.js";
import type VoiceResponse from "twilio/lib/twiml/VoiceResponse.js";
import type { Message } from "../otp/ports.ts";
import type { TwilioConfig } from "./twilio-config.ts";

type SayLanguage = VoiceResponse.SayAttributes["language"];

/** Twilio wants a region with the language (https://www.twilio.com/docs/voice/twiml/say/text-speech). */
const voices: Readonly<Record<string, SayLanguage>> = { en: "en-US", de: "de-DE" };

/**
 * The script travels in the request: fetched from a URL, the code would be in the URL or kept for whoever asks. Each character is
 * spoken by itself with a pause behind it, so that it is neither read as a number nor too fast to write down.
 * https://www.twilio.com/docs/voice/api/call-resource#twiml
 */
export function buildCall(message: Message, { from }: TwilioConfig, script: VoiceResponse): CallListInstanceCreateOptions {
  if (from === undefined || !message.speech) throw new TypeError("a call needs the number to call from and what to say");
  const { before, after, repeat } = message.speech;
  const language = voices[message.locale] ?? (message.locale as SayLanguage);
  for (let round = 0; round < repeat; round += 1) {
    script.say({ language }, before);
    for (const character of message.code) {
      script.say({ language }, character);
      script.pause({ length: 1 });
    }
    script.say({ language }, after);
    script.pause({ length: 1 });
  }
  return { from, to: message.to, twiml: script.toString() };
}
