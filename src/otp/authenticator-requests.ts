/** What can be asked of a subject's ledger about its authenticators, and what it answers. The rules are in `authenticator-rules.ts`. */
import type { Claim, LedgerAuthenticator } from "./authenticator.ts";
import type { LedgerLimits } from "./types.ts";

/** Names the ledger of a subject. */
export type SubjectRef = { readonly ledger: string; readonly application: string };

export type NewAuthenticator = Omit<LedgerAuthenticator, "createdAt" | "confirmBy" | "attempts" | "lastUsedAt" | "drift" | "unused"> & {
  readonly id: string;
  /** How long it may wait to be confirmed; without it, it is active at once. */
  readonly confirmMs?: number;
  readonly unused?: readonly string[];
};

/**
 * Adds all or none. One that is there already, active, stays as it is. Recovery codes take the place of those before, and one that
 * waits to be confirmed takes the place of the one that has waited longest where there is no room for both.
 */
export type AddAuthenticators = SubjectRef & {
  readonly add: readonly NewAuthenticator[];
  /** Of all but recovery codes. */
  readonly max: number;
  readonly limits: LedgerLimits;
};

export type AddOutcome =
  | { readonly status: "added"; readonly authenticators: Readonly<Record<string, LedgerAuthenticator>> }
  | { readonly status: "too_many" };

/** One guess at what an authenticator shows: to put it to use, or to find its counter. */
export type ProveAuthenticator = SubjectRef & {
  readonly authenticator: string;
  readonly act: "confirm" | "resync";
  readonly kind: "totp" | "hotp";
  /** What the code is right for, or null for nothing; absent to be told what is needed to find out. */
  readonly claim?: Pick<Extract<Claim, { position: number }>, "position" | "drift"> | null;
  readonly limits: LedgerLimits;
};

export type ProveOutcome =
  | { readonly status: "proved"; readonly authenticator: LedgerAuthenticator }
  | { readonly status: "mismatch"; readonly attemptsRemaining: number }
  /** There is budget for a guess; nothing was compared or charged. */
  | { readonly status: "unprepared"; readonly authenticator: LedgerAuthenticator; readonly now: number }
  | { readonly status: "exhausted"; readonly scope: "authenticator" }
  | { readonly status: "exhausted"; readonly scope: "recipient"; readonly retryAfterMs?: number }
  | { readonly status: "not_found" };

export type RemoveAuthenticator = SubjectRef & { readonly authenticator: string; readonly limits: LedgerLimits };
export type RemoveOutcome = { readonly status: "removed" | "not_found" };
