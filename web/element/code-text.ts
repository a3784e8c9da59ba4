export type Alphabet = "digits" | "alphanumeric";

/**
 * The code in what was typed, pasted or filled in: a code with spaces or hyphens, a part of one, or a whole message. At most `length`
 * characters; fewer while somebody is typing.
 */
export function extractCode(text: string, length: number, alphabet: Alphabet): string {
  const plain = toAscii(text);
  return boundCode(plain, length, alphabet) ?? standingAlone(plain, length, alphabet) ?? keepOnly(plain, alphabet).slice(0, length);
}

/** What codes are made of: without vowels, so that hardly a word of a message looks like one. */
const characters: Readonly<Record<Alphabet, string>> = { digits: "0-9", alphanumeric: "2-79B-DF-HJKMNP-TV-XZb-df-hjkmnp-tv-xz" };
const around: Readonly<Record<Alphabet, string>> = { digits: "0-9", alphanumeric: "A-Za-z0-9" };

/** `@example.com #123456`, the last line of an SMS that browsers read (https://wicg.github.io/sms-one-time-codes/). */
function boundCode(text: string, length: number, alphabet: Alphabet): string | undefined {
  const [, code] = new RegExp(`^@\\S+ #([${characters[alphabet]}]{${length}})$`, "m").exec(text.trimEnd()) ?? [];
  return code?.toUpperCase();
}

/** Exactly so many characters, with at most one space or hyphen between two, and nothing of their kind around. */
function standingAlone(text: string, length: number, alphabet: Alphabet): string | undefined {
  const [one, other] = [`[${characters[alphabet]}]`, `[${around[alphabet]}]`];
  const unbroken = new RegExp(`(?<!${other})${one}{${length}}(?!${other})`, "g");
  const grouped = new RegExp(`(?<!${other}|${other}[ -])${one}(?:[ -]?${one}){${length - 1}}(?!${other}|[ -]${one})`, "g");
  const found = [...text.matchAll(unbroken), ...text.matchAll(grouped)].map(([each]) => keepOnly(each, alphabet));
  return found[0];
}

const keepOnly = (text: string, alphabet: Alphabet): string =>
  text.replace(new RegExp(`[^${characters[alphabet]}]`, "g"), "").toUpperCase();

/** Keyboards of some languages write digits of their own, and messages may hold hyphens and marks that cannot be seen. */
function toAscii(text: string): string {
  return text
    .normalize("NFKC")
    .replace(/[\u0660-\u0669]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replace(/[\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) - 0x6f0))
    .replace(/[\u0966-\u096f]/g, (digit) => String(digit.charCodeAt(0) - 0x966))
    .replace(/[\u2010-\u2015]/g, "-")
    .replace(/[\u200b-\u200f\u2066-\u2069]/g, "");
}
