import { generateCode, type RandomBytes, recoveryCodeLength } from "./code.ts";
import type { Keyring } from "./keyring.ts";
import type { Stretch } from "./stretch.ts";

export const recoveryCodes = 10;
const saltBytes = 16;

export const generateRecoveryCode = (random: RandomBytes): string => generateCode(random, recoveryCodeLength, "alphanumeric");
export const generateSalt = (random: RandomBytes): string => Buffer.from(random(saltBytes)).toString("base64url");

/** In groups that can be read aloud. */
export const groupCode = (code: string): string => (code.match(/.{4}/g) ?? []).join("-");

export const isRecoveryCode = (code: string): boolean => code.length === recoveryCodeLength;

/** Slow to make for whoever guesses, and of no use to a thief of the database, who lacks the key. */
export async function hashRecoveryCode(
  { keyring, stretch }: { readonly keyring: Keyring; readonly stretch: Stretch },
  code: string,
  { ledger, salt }: { readonly ledger: string; readonly salt: string },
  signal: AbortSignal,
): Promise<string> {
  return keyring.digest("recovery code", ledger, await stretch(code, salt, signal));
}
