import type { NumberType as LibraryType } from "libphonenumber-js/max";
import type { DescribedNumber, NumberType } from "../otp/number-policy.ts";
import { spellingsOf } from "./phone-number.ts";
import { readE164 } from "./read-e164.ts";

/** What the numbering plans say of a number in E.164. */
export function describeNumber(e164: string): DescribedNumber {
  const number = readE164(e164);
  const type = number?.getType();
  return {
    ...(number?.country && { country: number.country }),
    type: type ? types[type] : "unknown",
    spellings: spellingsOf(e164),
  };
}

const types: Readonly<Record<NonNullable<LibraryType>, NumberType>> = {
  MOBILE: "mobile",
  FIXED_LINE: "fixed_line",
  FIXED_LINE_OR_MOBILE: "fixed_line_or_mobile",
  VOIP: "voip",
  TOLL_FREE: "toll_free",
  PREMIUM_RATE: "premium_rate",
  SHARED_COST: "shared_cost",
  PERSONAL_NUMBER: "personal_number",
  PAGER: "pager",
  UAN: "uan",
  VOICEMAIL: "voicemail",
};
