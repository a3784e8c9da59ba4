import type { Claim, LedgerAuthenticator } from "./authenticator.ts";
import type { AuthenticatorTools } from "./authenticator-deps.ts";
import { type AuthenticatorTerms, termsOf } from "./authenticator-terms.ts";
import type { Keyring } from "./keyring.ts";
import type { ChallengeRef, ChallengeView } from "./ledger.ts";
import { openSecret } from "./open-secret.ts";
import { findPosition } from "./position.ts";
import { hashRecoveryCode, isRecoveryCode } from "./recovery-codes.ts";
import type { Call } from "./types.ts";

type Deps = { readonly keyring: Keyring; readonly authenticators: AuthenticatorTools };

export type ClaimOutcome =
  | { readonly status: "claimed"; readonly claim: Claim }
  | { readonly status: "nothing" }
  /** Nothing was compared: what could have answered cannot be read. */
  | { readonly status: "unreadable" };

/** What a submitted code is right for, of the authenticators that answer a challenge. To be asked only where there is budget for a guess. */
export async function claimCode(deps: Deps, ref: ChallengeRef, view: ChallengeView, code: string, call: Call): Promise<ClaimOutcome> {
  const entries = Object.entries(view.authenticators ?? {});
  if (isRecoveryCode(code)) return claimRecoveryCode(deps, ref, { view, entries, code }, call);
  const terms = termsOf(call.caller.application);
  let readable = 0;
  let unreadable = 0;
  for (const [id, authenticator] of entries) {
    if (authenticator.kind === "recovery_code" || authenticator.digits !== code.length) continue;
    const claim = await claimPosition(deps, ref, { id, authenticator, terms, now: view.now, code });
    if (claim === "unreadable") unreadable += 1;
    else if (claim) return { status: "claimed", claim };
    else readable += 1;
  }
  if (readable + unreadable === 0) compareWithNothing(deps, view, terms, code);
  // Once anything was compared it is a guess, whatever else could not be.
  return { status: unreadable > 0 && readable === 0 ? "unreadable" : "nothing" };
}

type Guess = {
  readonly id: string;
  readonly authenticator: LedgerAuthenticator;
  readonly terms: AuthenticatorTerms;
  readonly now: number;
  readonly code: string;
};

async function claimPosition(deps: Deps, ref: ChallengeRef, guess: Guess): Promise<Claim | "unreadable" | undefined> {
  const { id, authenticator, terms, now, code } = guess;
  const codeAt = await openSecret(deps.authenticators, { ...ref, authenticator: id }, authenticator);
  if (!codeAt) return "unreadable";
  const found = findPosition(authenticator, terms, now, { code, codeAt });
  return found && { authenticator: id, ...found };
}

const nobodys = Buffer.alloc(20);

/** Who has enrolled must not show by the clock: a subject without an app takes about as long as one with. */
function compareWithNothing(deps: Deps, { challenge, now }: ChallengeView, terms: AuthenticatorTerms, code: string): void {
  for (const kind of challenge.accepts ?? []) {
    if (kind === "recovery_code" || terms[kind].digits !== code.length) continue;
    const codeAt = (position: number) => deps.authenticators.format.codeAt(kind, terms[kind], nobodys, position);
    findPosition({ kind, next: 0, drift: 0, periodSeconds: terms.totp.periodSeconds }, terms, now, { code, codeAt });
  }
}

type RecoveryGuess = {
  readonly view: ChallengeView;
  readonly entries: readonly (readonly [string, LedgerAuthenticator])[];
  readonly code: string;
};

/** A subject without recovery codes takes as long as one with: who is enrolled must not show by the clock. */
async function claimRecoveryCode(deps: Deps, ref: ChallengeRef, guess: RecoveryGuess, { signal }: Call): Promise<ClaimOutcome> {
  const { view, entries, code } = guess;
  if (!view.challenge.accepts?.includes("recovery_code")) return { status: "nothing" };
  const [id = "", set] = entries.find(([, { kind }]) => kind === "recovery_code") ?? [];
  const salt = set?.salt ?? ref.nonce;
  const { keyring, authenticators } = deps;
  const hash = await hashRecoveryCode({ keyring, stretch: authenticators.stretch }, code, { ledger: ref.ledger, salt }, signal);
  return set?.unused?.includes(hash) ? { status: "claimed", claim: { authenticator: id, hash } } : { status: "nothing" };
}
