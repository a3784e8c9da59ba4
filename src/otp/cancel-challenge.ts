import type { Challenge } from "./challenge.ts";
import { challengeNamed, parseChallengeId } from "./challenge-id.ts";
import { checkChallengeId, invalid, type Violations } from "./check.ts";
import type { OtpDeps } from "./deps.ts";
import { isForAnother } from "./hide.ts";
import { allowed, type Result } from "./refusal.ts";
import { challengeNotFound, orUnavailable, refuse } from "./refuse.ts";
import { unsealSend } from "./sealed-send.ts";
import type { Call } from "./types.ts";
import { viewChallenge } from "./view-challenge.ts";

/** Closes a challenge, so that its code verifies no more. */
export async function cancelChallenge(deps: OtpDeps, request: { readonly challengeId: string }, call: Call): Promise<Result<Challenge>> {
  const result = await orUnavailable(cancel(deps, request.challengeId, call));
  deps.events.challengeCanceled({
    application: call.caller.application.id,
    reason: result.ok ? "OK" : result.refusal.reason,
    ...challengeNamed(request.challengeId),
  });
  return result;
}

async function cancel(deps: OtpDeps, challengeId: string, call: Call): Promise<Result<Challenge>> {
  const violations: Violations = [];
  checkChallengeId(violations, challengeId);
  if (violations.length > 0) return invalid(violations);
  const ref = parseChallengeId(challengeId, call.caller.application.id);
  if (!ref) return challengeNotFound();
  const seen = call.caller.kind === "browser" ? await deps.ledgers.read(ref) : undefined;
  if (seen && isForAnother(seen.challenge, call)) return challengeNotFound();
  const outcome = await deps.ledgers.cancel(ref);
  if (outcome.status !== "canceled_now") return refuse(outcome);
  return allowed(viewChallenge(ref, outcome.view, unsealSend(deps.keyring, ref, outcome.view.challenge.sealed), call.caller));
}
