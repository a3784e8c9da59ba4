import type { Carrier, ChannelRoute } from "../otp/ports.ts";
import { checkWording } from "./check-wording.ts";
import { textMessage, word } from "./wording.ts";

export const createSmsRoute = (carrier: Carrier): ChannelRoute => ({
  channel: "sms",
  reaches: ["phone"],
  carrier,
  check: (send) => checkWording("sms", send),
  compose(wording) {
    const { recipient, code, autofill } = wording;
    const worded = word("sms", wording);
    const { androidAppHash, webOrigin } = autofill;
    // A text of the application's own is kept as it is: its operator may have had to register it.
    const shorter = androidAppHash && !worded.template ? [textMessage(worded, "compact")] : [];
    const texts = [textMessage(worded), ...shorter];
    const text = withAutofill(texts, androidAppHash, webOrigin && `@${webOrigin} #${code}`);
    return { channel: "sms", to: recipient.value, code, text, locale: worded.locale };
  },
});

/** Android reads no message of more bytes (https://developers.google.com/identity/sms-retriever/verify). */
export const maxRetrieverBytes = 140;

/**
 * The first text that Android can read together with its hash. Where none is short enough the hash is left out, since a whole text
 * is worth more than what cannot work. Browsers read the last line only (https://wicg.github.io/sms-one-time-codes/), Android
 * finds its hash on any.
 */
function withAutofill(texts: readonly string[], hash: string | undefined, origin: string | undefined): string {
  const lines = (...all: (string | undefined)[]) => all.filter(Boolean).join("\n");
  const readable = hash ? texts.map((text) => lines(text, hash, origin)).find(fitsRetriever) : undefined;
  return readable ?? lines(texts[0], origin);
}

const fitsRetriever = (text: string): boolean => Buffer.byteLength(text) <= maxRetrieverBytes;
