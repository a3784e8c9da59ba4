import { type DescribedNumber, type NumberPolicy, type PhoneChannel, phoneChannels } from "../otp/number-policy.ts";
import type { Channel } from "../otp/types.ts";

export type PolicyCause = "blocked" | "country" | "number_type";

/**
 * Why an application sends nothing to a number by a channel; undefined where it does. What is allowed by name wins over everything,
 * what is blocked by name over all the rest. A number of no country (satellite +870 and +881, shared +800, +808, +878, +882, +883,
 * +979, and whatever nobody was given) is in no list of countries, nor in "any" of them.
 */
export function judgeNumber(policy: NumberPolicy | undefined, channel: Channel, number: DescribedNumber): PolicyCause | undefined {
  if (policy && isAllowedByName(policy, number)) return undefined;
  if (policy && isListed(policy.block, number)) return "blocked";
  if (!isPhoneChannel(channel)) return undefined;
  const rules = policy?.channels[channel];
  if (!rules || number.country === undefined) return "country";
  if (rules.countries !== "any" && !rules.countries.has(number.country)) return "country";
  return rules.types.has(number.type) ? undefined : "number_type";
}

export const isAllowedByName = ({ allow }: NumberPolicy, number: DescribedNumber): boolean => isListed(allow, number);

export const isPhoneChannel = (channel: Channel): channel is PhoneChannel => phoneChannels.some((each) => each === channel);

/** By every beginning of every spelling, so that the time it takes does not grow with the list. */
const isListed = (list: ReadonlySet<string>, { spellings }: DescribedNumber): boolean =>
  list.size > 0 && spellings.some((spelling) => [...spelling].some((_, end) => list.has(spelling.slice(0, end + 1))));
