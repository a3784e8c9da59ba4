import type { LedgerAuthenticator } from "./authenticator.ts";
import type { Application } from "./types.ts";

/** What an application's authenticators are like. */
export type AuthenticatorTerms = {
  /** Who the app says its codes are for. */
  readonly issuer: string;
  /** How many a subject may have, besides its recovery codes. */
  readonly max: number;
  /** How long one that was enrolled waits to be confirmed. */
  readonly confirmMs: number;
  readonly totp: Pick<LedgerAuthenticator, "algorithm" | "digits" | "periodSeconds"> & {
    /** Time steps before and after the present one whose codes are right. */
    readonly window: number;
    /** Time steps by which a clock may be off altogether. */
    readonly maxDrift: number;
  };
  readonly hotp: Pick<LedgerAuthenticator, "algorithm" | "digits"> & {
    /** How many codes after the expected one are right too, for tokens that were pressed for nothing. */
    readonly lookAhead: number;
    /** How far ahead two codes in a row are looked for. */
    readonly resyncAhead: number;
  };
};

/** SHA-1, six digits and 30 s are all that every app understands. */
const defaults: Omit<AuthenticatorTerms, "issuer"> = {
  max: 5,
  confirmMs: 600_000,
  totp: { algorithm: "sha1", digits: 6, periodSeconds: 30, window: 1, maxDrift: 2 },
  hotp: { algorithm: "sha1", digits: 6, lookAhead: 10, resyncAhead: 100 },
};

export const termsOf = ({ authenticators, displayName }: Application): AuthenticatorTerms =>
  authenticators ?? { ...defaults, issuer: displayName.replaceAll(":", " ") };
