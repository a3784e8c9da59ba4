import type { Admission, SendAsk } from "../otp/guard-ports.ts";

/** The causes that callers with a service key see, as `error_reason.proto` lists them. */
export type RecipientCause = "country" | "number_type" | "blocked" | "sim_swap" | "unreachable";

const messages: Readonly<Record<RecipientCause, string>> = {
  country: "the application sends nothing to this country by this channel",
  number_type: "the application sends nothing to numbers of this type by this channel",
  blocked: "the application sends nothing to this number",
  sim_swap: "the SIM of this number was changed recently; use another channel",
  unreachable: "the carrier says that this number cannot be reached",
};

/** A service is told the truth. A browser's caller could be anybody, and learns nothing of a recipient. */
export function refuseRecipient({ caller }: SendAsk, cause: RecipientCause): Extract<Admission, { outcome: "refused" | "suppressed" }> {
  if (caller.kind === "browser") return { outcome: "suppressed", why: cause };
  return { outcome: "refused", refusal: { reason: "RECIPIENT_NOT_ALLOWED", message: messages[cause], metadata: { cause } } };
}
