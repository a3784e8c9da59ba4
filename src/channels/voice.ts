import type { Carrier, ChannelRoute } from "../otp/ports.ts";
import { checkWording } from "./check-wording.ts";
import { listDetails, type Worded, word } from "./wording.ts";

export const createVoiceRoute = (carrier: Carrier): ChannelRoute => ({
  channel: "voice",
  reaches: ["phone"],
  carrier,
  check: (send) => checkWording("voice", send),
  compose(wording) {
    const worded = word("voice", wording);
    const { before, after } = speech(worded);
    return {
      channel: "voice",
      to: wording.recipient.value,
      code: wording.code,
      text: `${before} ${after}`,
      locale: worded.spoken,
      speech: { before, after, repeat: 2 },
    };
  },
});

function speech({ template, phrases, say }: Worded): { readonly before: string; readonly after: string } {
  const texts = template?.channel === "voice" ? template : phrases.speech;
  const before = say(texts.before.trim(), "speech");
  const after = say(texts.after.trim(), "speech");
  const unsaid = after.unsaid.filter(({ key }) => before.unsaid.some((detail) => detail.key === key));
  return { before: before.text, after: unsaid.length > 0 ? `${after.text} ${listDetails(unsaid)}.` : after.text };
}
