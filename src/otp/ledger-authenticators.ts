/** The rules about challenges that a subject's own authenticators answer, and about the budget that all of a subject's codes share. */
import { type AuthenticatorKind, type Claim, isActive, type LedgerAuthenticator, spend } from "./authenticator.ts";
import {
  type ChargeOutcome,
  type ChargeSubject,
  type Ledger,
  type LedgerChallenge,
  maxChallenges,
  type OpenUnsent,
  type OpenUnsentOutcome,
} from "./ledger.ts";
import { newChallenge, viewOf } from "./ledger-challenge.ts";
import { forget, recipientLocked } from "./ledger-limits.ts";

/**
 * Nothing is sent, so no window of messages is asked. Guesses are counted by the subject, so a full record may forget its oldest
 * challenge: nobody can keep a subject out by opening many.
 */
export function openUnsent(ledger: Ledger, request: OpenUnsent, now: number): OpenUnsentOutcome {
  const { nonce, limits, accepts, idempotency } = request;
  forget(ledger, limits, now);
  const known = ledger.challenges[nonce];
  if (known && known.idempotency?.content !== idempotency?.content) return { status: "key_reused" };
  if (known) return { status: "replayed", view: viewOf(ledger, nonce, now) };
  const locked = recipientLocked(ledger, limits, now);
  if (locked) return locked;
  const canAnswer = Object.values(ledger.authenticators ?? {}).some((each) => isActive(each) && accepts.includes(each.kind));
  if (!canAnswer && !request.hideAbsence) return { status: "no_authenticator" };
  const byAge = Object.entries(ledger.challenges).sort(([, a], [, b]) => a.createdAt - b.createdAt);
  for (const [oldest] of byAge.slice(0, Math.max(0, byAge.length - maxChallenges + 1))) delete ledger.challenges[oldest];
  ledger.challenges[nonce] = { ...newChallenge({ ...request, codeLength: 0 }, now), accepts, ...(idempotency && { idempotency }) };
  return { status: "opened", view: viewOf(ledger, nonce, now) };
}

/** Charges a guess at a code that went to one of the subject's recipients, before it is compared there. */
export function chargeSubject(ledger: Ledger, { limits }: ChargeSubject, now: number): ChargeOutcome {
  forget(ledger, limits, now);
  const locked = recipientLocked(ledger, limits, now);
  if (locked) return locked;
  ledger.failures.push(now);
  ledger.failuresInRow += 1;
  return { status: "charged" };
}

/** The authenticators whose codes answer the challenge, by id. */
export const answering = (
  { authenticators = {} }: Pick<Ledger, "authenticators">,
  { accepts = [] }: LedgerChallenge,
): Record<string, LedgerAuthenticator> =>
  Object.fromEntries(Object.entries(authenticators).filter(([, each]) => isActive(each) && accepts.includes(each.kind)));

/** Consumes what the code was found to be right for, and says what kind of authenticator that was; undefined when it is spent. */
export function spendClaim(
  ledger: Ledger,
  challenge: LedgerChallenge,
  claim: Claim | null | undefined,
  now: number,
): AuthenticatorKind | undefined {
  const mine = answering(ledger, challenge);
  // Only what is the record's own: a name such as `__proto__` would lead out of it.
  const authenticator = claim && Object.hasOwn(mine, claim.authenticator) ? mine[claim.authenticator] : undefined;
  return authenticator && claim && spend(authenticator, claim, now) ? authenticator.kind : undefined;
}
