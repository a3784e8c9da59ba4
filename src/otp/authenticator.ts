/** Whatever makes codes that nobody sends: it lives in the ledger of its subject, so that a guess at it is one write too. */
export const authenticatorKinds = ["totp", "hotp", "recovery_code"] as const;
export type AuthenticatorKind = (typeof authenticatorKinds)[number];

export type LedgerAuthenticator = {
  readonly kind: AuthenticatorKind;
  /** What the subject calls it. */
  readonly name: string;
  readonly createdAt: number;
  /** Until a right code has confirmed it, it verifies nothing; from this moment on it is gone. Absent: it is active. */
  confirmBy?: number;
  /** Guesses spent on confirming it. */
  attempts: number;
  lastUsedAt?: number;
  /** Encrypted under a key that the database does not have, whose id it begins with; empty for recovery codes. */
  secret: string;
  /** RFC 6238, section 1.2, and RFC 4226, section 5.3; without meaning for recovery codes. */
  readonly algorithm: "sha1" | "sha256" | "sha512";
  readonly digits: number;
  readonly periodSeconds: number;
  /** The first time step, or counter, that may still be accepted: it only grows, so that no code is accepted twice. */
  next: number;
  /** Time steps by which its clock was ahead when it was last right. */
  drift: number;
  /** Recovery codes: the salt, and the hashes of those that are left. */
  readonly salt?: string;
  unused?: string[];
};

/** What a submitted code was found to be right for. Whether it still is, the store decides. */
export type Claim = { readonly authenticator: string } & (
  | { readonly position: number; readonly drift: number; readonly hash?: never }
  | { readonly hash: string; readonly position?: never; readonly drift?: never }
);

export const isActive = (authenticator: LedgerAuthenticator): boolean => authenticator.confirmBy === undefined;

/** Consumes what the claim names, if it is still there: a time step or counter once, and none before it; a recovery code once. */
export function spend(authenticator: LedgerAuthenticator, claim: Claim, now: number): boolean {
  if (claim.hash !== undefined) {
    const left = authenticator.unused?.filter((hash) => hash !== claim.hash) ?? [];
    if (left.length === (authenticator.unused?.length ?? 0)) return false;
    authenticator.unused = left;
  } else {
    if (authenticator.kind === "recovery_code" || claim.position < authenticator.next) return false;
    authenticator.next = claim.position + 1;
    authenticator.drift = claim.drift;
  }
  authenticator.lastUsedAt = now;
  return true;
}
