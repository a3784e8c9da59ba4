/** All that needs the world's numbering plans: half of the element's size, so it is fetched only where phone numbers are asked for. */
import { AsYouType, type CountryCode, getCountries, getCountryCallingCode } from "libphonenumber-js/min";

export type Country = { readonly code: string; readonly name: string; readonly callingCode: string };

export type TypedNumber = {
  /** As its country writes it, as far as it is typed. */
  readonly text: string;
  /** The country that the number itself names. */
  readonly country?: string;
  /** E.164, once the number may be complete. */
  readonly e164?: string;
};

/** By name in the reader's language. */
export function listCountries(locale: string): Country[] {
  const names = new Intl.DisplayNames(locale, { type: "region", fallback: "code" });
  const { compare } = new Intl.Collator(locale);
  return getCountries()
    .map((code) => ({ code, name: names.of(code) ?? code, callingCode: `+${getCountryCallingCode(code)}` }))
    .sort((a, b) => compare(a.name, b.name));
}

export function formatNumber(typed: string, country: string): TypedNumber {
  const format = new AsYouType(isCountry(country) ? country : undefined);
  const text = format.input(typed);
  const number = format.getNumber();
  const own = typed.trim().startsWith("+") ? (format.getCountry() ?? byCallingCode(format.getCallingCode(), country)) : undefined;
  return { text, ...(own && { country: own }), ...(number?.isPossible() && { e164: number.number }) };
}

const isCountry = (code: string): code is CountryCode => getCountries().some((each) => each === code);

/** Several countries share a calling code; until the number tells which, the one that is chosen stays. */
function byCallingCode(callingCode: string | undefined, chosen: string): string | undefined {
  if (callingCode === undefined) return undefined;
  const sharing = getCountries().filter((code) => getCountryCallingCode(code) === callingCode);
  return sharing.find((code) => code === chosen) ?? mainCountries[callingCode] ?? sharing[0];
}

const mainCountries: Readonly<Record<string, string>> = { 1: "US", 7: "RU", 39: "IT", 44: "GB", 47: "NO", 61: "AU", 358: "FI" };
