import type { ChannelRoute, Provider } from "../otp/ports.ts";
import { word } from "./wording.ts";

export const createVoiceRoute = (providers: readonly Provider[]): ChannelRoute => ({
  channel: "voice",
  reaches: "phone",
  providers,
  compose(wording) {
    const { locale, phrases, said } = word(wording);
    const { before, after } = phrases.speech(said);
    return {
      channel: "voice",
      to: wording.recipient.value,
      code: said.code,
      text: `${before} ${after}`,
      locale,
      speech: { before, after, repeat: 2 },
    };
  },
});
