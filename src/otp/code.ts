import type { CodeAlphabet } from "./types.ts";

/** Fills with random bytes of a cryptographically secure source. */
export type RandomBytes = (length: number) => Uint8Array;

/** Letters and digits that are not mistaken for one another and spell no words (after RFC 8628, section 6.1). */
const alphabets: Record<CodeAlphabet, string> = { digits: "0123456789", alphanumeric: "2345679BCDFGHJKMNPQRSTVWXZ" };

export const codeLengths = { min: 4, max: 10 } as const;

/** Every character equally likely: bytes past the last whole multiple of the alphabet are thrown away, not folded over. */
export function generateCode(random: RandomBytes, length: number, alphabet: CodeAlphabet): string {
  const characters = alphabets[alphabet];
  const limit = 256 - (256 % characters.length);
  let code = "";
  while (code.length < length) {
    for (const byte of random(2 * length)) {
      if (byte < limit && code.length < length) code += characters[byte % characters.length];
    }
  }
  return code;
}

/** What a person typed, as the code it may be; undefined when no code looks like that. */
export const normalizeCode = (typed: string, alphabet: CodeAlphabet): string | undefined => normalize(typed, alphabet, codeLengths);

/** What authenticators show. */
export const authenticatorDigits = { min: 6, max: 8 } as const;
/** Longer than any other code, so that none is taken for the other. Of 26 letters and digits: 56 bits. */
export const recoveryCodeLength = 12;

export const normalizeAuthenticatorCode = (typed: string): string | undefined => normalize(typed, "digits", authenticatorDigits);

/** The same for a guess, which may be at whatever answers its challenge: what that is must not show before it was charged. */
export const normalizeGuess = (typed: string, alphabet: CodeAlphabet): string | undefined =>
  normalizeCode(typed, alphabet) ??
  normalizeAuthenticatorCode(typed) ??
  normalize(typed, "alphanumeric", { min: recoveryCodeLength, max: recoveryCodeLength });

function normalize(
  typed: string,
  alphabet: CodeAlphabet,
  { min, max }: { readonly min: number; readonly max: number },
): string | undefined {
  const code = typed.replace(/[\s-]/g, "").toUpperCase();
  if (code.length < min || code.length > max) return undefined;
  return [...code].every((character) => alphabets[alphabet].includes(character)) ? code : undefined;
}
