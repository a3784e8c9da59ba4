import { claimCode } from "./claim-code.ts";
import type { OtpDeps } from "./deps.ts";
import type { ChallengeView, VerifyChallenge, VerifyOutcome } from "./ledger.ts";
import { unusable } from "./prove-authenticator.ts";
import { isRecoveryCode } from "./recovery-codes.ts";
import { allowed, type Result } from "./refusal.ts";
import { refuse } from "./refuse.ts";
import type { Call } from "./types.ts";

type Guess = { readonly request: VerifyChallenge; readonly code: string };

/** What the ledger made of a guess in the end. */
export async function decideGuess(deps: OtpDeps, given: VerifyChallenge, code: string, call: Call): Promise<Result<VerifyOutcome>> {
  const hidesLock = call.caller.kind === "browser";
  const request = { ...given, ...(hidesLock && { hidesLock }) };
  const outcome = await deps.ledgers.verify(request);
  if (outcome.status !== "unprepared") return allowed(outcome);
  const decided = await prepared(deps, { request, code }, outcome.view, call);
  // A subject that is locked shows no more than a recipient that is.
  if (decided.ok || !hidesLock || decided.refusal.reason !== "TOO_MANY_ATTEMPTS") return decided;
  return allowed(await deps.ledgers.verify({ ...request, limits: { ...request.limits, failuresInRow: 0 } }));
}

/** Makes ready what the guess needs besides the code's hashes, now that the ledger has said that there is budget for it, and asks again. */
function prepared(deps: OtpDeps, guess: Guess, view: ChallengeView, call: Call): Promise<Result<VerifyOutcome>> {
  const { accepts, subject } = view.challenge;
  if (subject !== undefined) return chargeSubject(deps, guess, subject, call);
  if (accepts?.includes("recovery_code") && isRecoveryCode(guess.code)) return inTurn(deps, guess, call);
  return claim(deps, guess, view, call);
}

/** Charged before it is compared: however many of the subject's recipients are guessed at at once, the subject's budget holds. */
async function chargeSubject(deps: OtpDeps, { request }: Guess, ledger: string, { caller, signal }: Call): Promise<Result<VerifyOutcome>> {
  const { id: application, limits } = caller.application;
  signal.throwIfAborted();
  const charged = await deps.ledgers.charge({ ledger, application, limits });
  if (charged.status !== "charged") return refuse(charged);
  return allowed(await deps.ledgers.verify({ ...request, subjectCharged: true }));
}

/**
 * One slow hash at a time for each subject, and the budget looked at again before it: guesses that come all at once have all been told
 * that there is some.
 */
async function inTurn(deps: OtpDeps, guess: Guess, call: Call): Promise<Result<VerifyOutcome>> {
  if (!deps.authenticators) throw unknown();
  return deps.authenticators.inTurn(guess.request.ledger, async () => {
    call.signal.throwIfAborted();
    const outcome = await deps.ledgers.verify(guess.request);
    return outcome.status === "unprepared" ? claim(deps, guess, outcome.view, call) : allowed(outcome);
  });
}

async function claim(deps: OtpDeps, { request, code }: Guess, view: ChallengeView, call: Call): Promise<Result<VerifyOutcome>> {
  const { keyring, authenticators } = deps;
  if (!authenticators || !view.challenge.accepts) throw unknown();
  const found = await claimCode({ keyring, authenticators }, request, view, code, call);
  if (found.status === "unreadable") return unusable();
  call.signal.throwIfAborted();
  return allowed(await deps.ledgers.verify({ ...request, claim: found.status === "claimed" ? found.claim : null }));
}

const unknown = (): Error => new Error("a challenge asks for something that this service does not know");
