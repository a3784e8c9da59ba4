import type { PhoneNumber } from "libphonenumber-js/max";
import { phoneLibrary } from "./phone-library.ts";

/** As many as sends are under way at once, or so. */
const remembered = 64;
const lately = new Map<string, PhoneNumber | undefined>();

/**
 * A number with + and nothing but digits, as the numbering plans know it; undefined for what is none. One send asks for its validity,
 * country, calling code and type in turn, and parsing takes some 20 µs, so the last few are remembered.
 */
export function readE164(text: string): PhoneNumber | undefined {
  if (!text.startsWith("+")) return undefined;
  if (lately.has(text)) return lately.get(text);
  const number = phoneLibrary().parsePhoneNumberFromString(text, { extract: false });
  const [oldest] = lately.keys();
  if (lately.size >= remembered && oldest !== undefined) lately.delete(oldest);
  lately.set(text, number);
  return number;
}
