import type { CountryCode, PhoneNumber } from "libphonenumber-js/max";
import { phoneLibrary } from "./phone-library.ts";
import { readE164 } from "./read-e164.ts";
import type { Spelling } from "./recipient.ts";

/** Longer than any spelling of a number, short enough to be looked at without thinking about cost. */
const maxLength = 64;

const international = "with + and its country code, such as +4915112345678";

/**
 * E.164 of whatever spelling. Punctuation is taken out before the library looks, so that it can make no difference; what the
 * library would understand besides (letters, extensions, `tel:`, digits of other scripts) is refused, because two readers
 * of such a number need not agree on it.
 */
export function parsePhoneNumber(text: string, defaultCountry: string | undefined): Spelling {
  if (text.length > maxLength) return { problem: `write at most ${maxLength} characters` };
  if (!/^[ (]*\+?[0-9 ().-]*$/.test(text))
    return {
      problem: "write digits 0 to 9 with one + in front; only spaces, hyphens, dots and parentheses besides, no letters or extension",
    };
  const digits = text.replace(/[ ().-]/g, "");
  const country = defaultCountry !== undefined && phoneLibrary().isSupportedCountry(defaultCountry) ? defaultCountry : undefined;
  if (!digits.startsWith("+") && !country) return { problem: `write the number ${international}` };
  const number = read(digits, country);
  if (!number) return { problem: `write a number that exists, ${international}` };
  if (!digits.startsWith("+") && hasOtherReading(digits, number))
    return { problem: `write the number ${international}; this could be one of two` };
  return { value: number.number, key: keyOf(number.number) };
}

/** The country of a number in E.164; undefined for what belongs to none, such as +800, and for what is no number. */
export function countryOf(e164: string): string | undefined {
  return readE164(e164)?.country;
}

/**
 * The country calling code of a number in E.164, such as `+49`; undefined for what has none. No code is the beginning of another, so it
 * takes no parsing.
 */
export function dialCodeOf(e164: string): string | undefined {
  callingCodes ??= allCallingCodes();
  return [2, 3, 4].map((length) => e164.slice(0, length)).find((code) => callingCodes?.has(code));
}

let callingCodes: ReadonlySet<string> | undefined;
function allCallingCodes(): ReadonlySet<string> {
  const { getCountries, getCountryCallingCode } = phoneLibrary();
  return new Set([...getCountries().map((country) => `+${getCountryCallingCode(country)}`), ...nonGeographic]);
}

/** Of no country, and known to the library without one: https://www.itu.int/pub/T-SP-E.164D */
const nonGeographic = ["+800", "+808", "+870", "+878", "+881", "+882", "+883", "+888", "+979"];

/** Every way to write a number in E.164: whoever lists one of them means all of them. */
export function spellingsOf(e164: string): readonly string[] {
  const key = keyOf(e164);
  const others = spelledBack.flatMap(([canonical, spelling]) => (canonical.test(key) ? [key.replace(canonical, spelling)] : []));
  return [...new Set([e164, key, ...others])];
}

function read(digits: string, defaultCountry?: CountryCode): PhoneNumber | undefined {
  const isInternational = digits.startsWith("+");
  const number = isInternational
    ? readE164(digits)
    : phoneLibrary().parsePhoneNumberFromString(digits, { ...(defaultCountry && { defaultCountry }), extract: false });
  return number?.isValid() ? number : undefined;
}

/** In Germany, 49 151 … is a mobile phone whose + was left out, or, read as national, somebody in the area of 04915. */
function hasOtherReading(digits: string, national: PhoneNumber): boolean {
  const other = read(`+${digits}`);
  return other !== undefined && other.countryCallingCode === national.countryCallingCode && other.number !== national.number;
}

/**
 * Numbers that have two valid spellings in E.164 itself. Messages go to the one that was written; limits see one.
 * Argentina: the 9 marks a mobile phone when dialled from abroad, and an SMS arrives without it too.
 * Brazil: mobile numbers of eight digits were given a leading 9 (the ones with 7 are still valid both ways).
 * Gabon: the 0 in front of old numbers of seven digits is part of the number, and left out as if it were not.
 * San Marino: reached as +378 0549 and through the Italian network as +39 0549.
 */
const spelledTwice: readonly (readonly [RegExp, string])[] = [
  [/^\+549(\d{10})$/, "+54$1"],
  [/^\+55(\d\d)(7\d{7})$/, "+55$19$2"],
  [/^\+241([2-7]\d{6})$/, "+2410$1"],
  [/^\+390549(\d{6})$/, "+3780549$1"],
];

const spelledBack: readonly (readonly [RegExp, string])[] = [
  [/^\+54(\d{10})$/, "+549$1"],
  [/^\+55(\d\d)9(7\d{7})$/, "+55$1$2"],
  [/^\+2410([2-7]\d{6})$/, "+241$1"],
  [/^\+3780549(\d{6})$/, "+390549$1"],
];

const keyOf = (e164: string): string => spelledTwice.reduce((key, [spelling, canonical]) => key.replace(spelling, canonical), e164);
