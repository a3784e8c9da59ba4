import type { Carrier, ChannelRoute } from "../otp/ports.ts";
import { checkWording } from "./check-wording.ts";
import { textMessage, word } from "./wording.ts";

/**
 * A notification of the application's own app, carried by a gateway that knows the devices of a number or an address. A lock screen
 * shows the title and the first lines: the title says whose code it is, and the code itself is in the text, where a phone can hide it.
 */
export const createPushRoute = (carrier: Carrier): ChannelRoute => ({
  channel: "push",
  reaches: ["phone", "email"],
  carrier,
  check: (send) => checkWording("push", send),
  compose(wording) {
    const { recipient, code } = wording;
    const worded = word("push", wording);
    const subject = worded.say(worded.phrases.mail.subject, "text").text;
    return { channel: "push", to: recipient.value, code, subject, text: textMessage(worded), locale: worded.locale };
  },
});
