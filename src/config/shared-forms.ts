import { phoneLibrary } from "../channels/phone-library.ts";
import { checked, text } from "./forms.ts";

/** Settings that stand in several places. */
export const purposeForm = "a purpose of 1 to 64 characters of a-z 0-9 _ . -";
export const purpose = text(purposeForm, /^[a-z0-9_.-]{1,64}$/);

export const locale = checked("a language tag (BCP 47), such as en or de-CH", (value) =>
  /^(?=.{2,35}$)[A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*$/.test(value) && canonicalLocale(value) !== undefined
    ? undefined
    : "is not a language tag: write one of BCP 47, such as en or de-CH",
);

export function canonicalLocale(tag: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return undefined;
  }
}

const phoneCountryForm = "a country as two capital letters (ISO 3166-1), such as DE";
export const phoneCountry = checked(phoneCountryForm, (value) =>
  phoneLibrary().isSupportedCountry(value) ? undefined : `is no country that has phone numbers: write ${phoneCountryForm}`,
);

const originForm = "an origin without a path, such as https://app.example.com; http only for localhost";
export const origin = checked(originForm, (value) =>
  isOrigin(value) ? undefined : `is not an origin that is allowed: write ${originForm}`,
);

function isOrigin(value: string): boolean {
  const url = URL.parse(value);
  if (url?.origin !== value) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && url.hostname === "localhost");
}
