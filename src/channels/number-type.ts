import { type NumberType as LibraryType, parsePhoneNumberFromString } from "libphonenumber-js/max";
import type { DescribedNumber, NumberType } from "../otp/number-policy.ts";
import { spellingsOf } from "./phone-number.ts";

/** What the numbering plans say of a number in E.164. */
export function describeNumber(e164: string): DescribedNumber {
  const number = e164.startsWith("+") ? parsePhoneNumberFromString(e164, { extract: false }) : undefined;
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
