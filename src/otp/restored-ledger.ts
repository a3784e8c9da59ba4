import type { Ledger } from "./ledger.ts";

/**
 * What lies in a backup, made safe to go on from. What was consumed since it was made is not consumed in it: so whatever could be consumed
 * again is given up, and what counts against somebody is kept.
 */
export type RestoreTerms = {
  /** By the store's clock. */
  readonly now: number;
  /** Keeps recovery codes and hardware tokens, whose codes of since then verify again. */
  readonly keepTokens: boolean;
};

/** What was given up. */
export type GivenUp = { challenges: number; hotp: number; recoveryCodes: number };

/** Of a ledger in either store, what is looked at. */
export type RestoredLedger = {
  readonly challenges: Record<string, { state: string; fallback?: unknown }>;
  readonly authenticators?: Record<string, RestoredAuthenticator> | undefined;
};
type RestoredAuthenticator = Pick<NonNullable<Ledger["authenticators"]>[string], "kind" | "next" | "drift" | "periodSeconds" | "unused">;

/** The most steps by which an application lets a clock be ahead. */
const maxStepsAhead = 3;

export function closeRestored({ challenges, authenticators = {} }: RestoredLedger, terms: RestoreTerms, counted: GivenUp): void {
  for (const challenge of Object.values(challenges)) {
    delete challenge.fallback;
    if (challenge.state !== "open") continue;
    challenge.state = "canceled";
    counted.challenges += 1;
  }
  for (const [id, authenticator] of Object.entries(authenticators)) {
    if (authenticator.kind === "totp") authenticator.next = Math.max(authenticator.next, afterEveryCodeOf(authenticator, terms.now));
    else if (!terms.keepTokens && giveUp(authenticator, counted)) delete authenticators[id];
  }
}

/** The first time step whose code nobody can have used by now. */
const afterEveryCodeOf = ({ drift, periodSeconds }: RestoredAuthenticator, now: number): number =>
  Math.floor(now / 1000 / periodSeconds) + Math.max(0, drift) + maxStepsAhead + 1;

/** True where nothing is left of it. */
function giveUp(authenticator: RestoredAuthenticator, counted: GivenUp): boolean {
  if (authenticator.kind === "hotp") {
    counted.hotp += 1;
    return true;
  }
  counted.recoveryCodes += authenticator.unused?.length ?? 0;
  authenticator.unused = [];
  return false;
}

/** Which keys what is stored lies under, by their ids. */
export type KeysNeeded = { readonly codeKeys: Set<string>; readonly authenticatorKeys: Set<string> };

type Sealed = {
  readonly challenges: Readonly<Record<string, { readonly sealed?: string }>>;
  readonly authenticators?: Readonly<Record<string, { readonly secret?: string }>> | undefined;
};

export function noteKeys({ challenges, authenticators = {} }: Sealed, { codeKeys, authenticatorKeys }: KeysNeeded): void {
  for (const { sealed } of Object.values(challenges)) if (sealed) codeKeys.add(idOf(sealed));
  for (const { secret } of Object.values(authenticators)) if (secret) authenticatorKeys.add(idOf(secret));
}

const idOf = (sealed: string): string => sealed.split(".", 1)[0] ?? "";
