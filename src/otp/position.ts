/** Where an authenticator stands: the time step (RFC 6238) or counter (RFC 4226) at which it shows a code. */
import { timingSafeEqual } from "node:crypto";
import type { LedgerAuthenticator } from "./authenticator.ts";
import type { AuthenticatorTerms } from "./authenticator-terms.ts";

export type Position = { readonly position: number; readonly drift: number };
export type CodeAt = (position: number) => string;
type Moving = Pick<LedgerAuthenticator, "kind" | "next" | "drift" | "periodSeconds">;

/** Where the code is right, by the store's clock; undefined for nowhere. */
export function findPosition(
  authenticator: Moving,
  terms: AuthenticatorTerms,
  now: number,
  { code, codeAt }: { readonly code: string; readonly codeAt: CodeAt },
): Position | undefined {
  if (authenticator.kind === "hotp") {
    const positions = range(authenticator.next, authenticator.next + terms.hotp.lookAhead);
    const position = positions.find((each) => isSame(codeAt(each), code));
    return position === undefined ? undefined : { position, drift: 0 };
  }
  const step = stepAt(authenticator, now);
  // The latest: should a code be that of two steps, both are used up with it.
  const position = steps(authenticator, terms, step).findLast((each) => isSame(codeAt(each), code));
  return position === undefined ? undefined : { position, drift: clamp(position - step, terms.totp.maxDrift) };
}

/** Where two codes in a row are right (RFC 4226, section 7.4): the position of the second. */
export function findPair(
  { next }: Moving,
  { hotp }: AuthenticatorTerms,
  codes: readonly [string, string],
  codeAt: CodeAt,
): Position | undefined {
  const [first, second] = codes;
  const position = range(next, next + hotp.resyncAhead).find((each) => isSame(codeAt(each), first) && isSame(codeAt(each + 1), second));
  return position === undefined ? undefined : { position: position + 1, drift: 0 };
}

export const stepAt = ({ periodSeconds }: Moving, now: number): number => Math.floor(now / 1000 / periodSeconds);

/**
 * Around the present step, and around the one that the authenticator's own clock was at when it was last right: it may still be off
 * as much, or have been set since.
 */
function steps({ next, drift }: Moving, { totp: { window, maxDrift } }: AuthenticatorTerms, step: number): number[] {
  const known = clamp(drift, maxDrift);
  return range(Math.max(next, 0, step + Math.min(0, known) - window), step + Math.max(0, known) + window);
}

const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
const clamp = (value: number, most: number): number => Math.max(-most, Math.min(most, value));

const isSame = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
