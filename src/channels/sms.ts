import type { ChannelRoute, Provider } from "../otp/ports.ts";
import { word } from "./wording.ts";

export const createSmsRoute = (providers: readonly Provider[]): ChannelRoute => ({
  channel: "sms",
  reaches: "phone",
  providers,
  compose(wording) {
    const { locale, phrases, said } = word(wording);
    const { androidAppHash, webOrigin } = wording.autofill;
    // Browsers read the last line only (https://wicg.github.io/sms-one-time-codes/), Android finds its hash on any
    // (https://developers.google.com/identity/sms-retriever/verify).
    const lines = [phrases.sms(said), androidAppHash, webOrigin && `@${webOrigin} #${said.code}`].filter(Boolean);
    return { channel: "sms", to: wording.recipient.value, code: said.code, text: lines.join("\n"), locale };
  },
});
