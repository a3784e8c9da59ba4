import type { Carrier, ChannelRoute, UncheckedWording } from "../otp/ports.ts";
import type { FieldViolation } from "../otp/refusal.ts";
import { checkWording } from "./check-wording.ts";
import { textMessage, word } from "./wording.ts";

/**
 * What arrives is a template that WhatsApp has approved, with the code in it (variable 1); the provider's configuration names it. The
 * text is for gateways that show it themselves, and for the development inbox.
 */
export const createWhatsappRoute = (carrier: Carrier): ChannelRoute => ({
  channel: "whatsapp",
  reaches: ["phone"],
  carrier,
  check: (send) => [...checkWording("whatsapp", send), ...checkBinding(send)],
  compose(wording) {
    const worded = word("whatsapp", wording);
    return { channel: "whatsapp", to: wording.recipient.value, code: wording.code, text: textMessage(worded), locale: worded.locale };
  },
});

/** The text of an authentication template is fixed: nobody would see what the code confirms (PSD2 RTS, article 5). */
const checkBinding = ({ binding }: UncheckedWording): readonly FieldViolation[] =>
  Object.keys(binding).length > 0
    ? [{ field: "binding", description: "a WhatsApp message cannot show what its code confirms: use another channel" }]
    : [];
