import type { SendAsk } from "../otp/guard-ports.ts";
import type { Prices } from "../otp/send-limit.ts";
import { beginningsOf } from "./places.ts";

/** What a message costs, by the longest beginning of the number that has a price; undefined where none has. */
export function priceOf(prices: Prices, { channel, recipient }: Pick<SendAsk, "channel" | "recipient">): number | undefined {
  const table = prices[channel];
  if (!table) return undefined;
  const beginning = recipient.kind === "phone" ? beginningsOf(recipient.value).findLast((each) => table[each] !== undefined) : undefined;
  return table[beginning ?? "default"];
}
