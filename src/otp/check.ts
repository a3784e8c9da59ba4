import { type FieldViolation, type Refusal, type Result, refused } from "./refusal.ts";

/** Collects everything that is wrong with a request, so that a caller mends it in one go. */
export type Violations = FieldViolation[];

export function invalid(violations: Violations): Result<never> {
  const fields = violations.map(({ field, description }) => `${field}: ${description}`);
  return refused("INVALID_ARGUMENT", fields.join("; "), { violations } satisfies Partial<Refusal>);
}

/** At most `max` characters without control characters, or none at all. */
export function checkText(violations: Violations, field: string, text: string, max: number): void {
  if (text.length > max) violations.push({ field, description: `at most ${max} characters, please; these are ${text.length}` });
  if (!isPlainText(text)) violations.push({ field, description: "control characters and unpaired surrogates are not allowed" });
}

/** Names a request for retries: random, and fit for any log or header. */
export function checkKey(violations: Violations, field: string, key: string): void {
  if (key !== "" && !/^[\x21-\x7e]{1,128}$/.test(key))
    violations.push({ field, description: "use 1 to 128 visible ASCII characters, best a random UUID" });
}

export function checkChallengeId(violations: Violations, challengeId: string): void {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(challengeId))
    violations.push({ field: "challenge_id", description: "send the challenge_id that SendCode answered with, unchanged" });
}

export function checkPurpose(violations: Violations, purpose: string): void {
  if (purpose !== "" && !/^[a-z0-9_.-]{1,64}$/.test(purpose))
    violations.push({ field: "purpose", description: "use 1 to 64 characters of a-z 0-9 _ . -, such as login" });
}

/** Short enough that a message shows every value whole: a payee's name takes up to 70 characters (ISO 20022, SEPA). */
export const maxBinding = { entries: 8, value: 70 } as const;

/** A map such as `binding`: few entries, plain keys, short values that are not empty. */
export function checkEntries(
  violations: Violations,
  field: string,
  entries: Readonly<Record<string, string>>,
  max: { readonly entries: number; readonly value: number },
): void {
  const pairs = Object.entries(entries);
  if (pairs.length > max.entries)
    violations.push({ field, description: `at most ${max.entries} entries, please; these are ${pairs.length}` });
  for (const [key, value] of pairs.slice(0, max.entries)) {
    if (!/^[A-Za-z0-9_.-]{1,32}$/.test(key)) {
      violations.push({ field, description: "keys are 1 to 32 characters of A-Z a-z 0-9 _ . -" });
      continue;
    }
    if (value === "") violations.push({ field: `${field}["${key}"]`, description: "leave the entry out, or give it a value" });
    checkText(violations, `${field}["${key}"]`, value, max.value);
  }
}

/** No C0, C1 or DEL, no line or paragraph separator, no bidirectional override that could turn a text around, and well-formed UTF-16. */
const isPlainText = (text: string): boolean => text.isWellFormed() && !/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(text);
