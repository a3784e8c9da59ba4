import type { Challenge } from "./challenge.ts";
import { parseChallengeId } from "./challenge-id.ts";
import { checkChallengeId, invalid, type Violations } from "./check.ts";
import type { OtpDeps } from "./deps.ts";
import { isForAnother } from "./hide.ts";
import { allowed, type Result } from "./refusal.ts";
import { challengeNotFound } from "./refuse.ts";
import { unsealSend } from "./sealed-send.ts";
import type { Call } from "./types.ts";
import { viewChallenge } from "./view-challenge.ts";

/** Reads a challenge. Changes nothing and costs nothing. */
export async function getChallenge(deps: OtpDeps, request: { readonly challengeId: string }, call: Call): Promise<Result<Challenge>> {
  const violations: Violations = [];
  checkChallengeId(violations, request.challengeId);
  if (violations.length > 0) return invalid(violations);
  const ref = parseChallengeId(request.challengeId, call.caller.application.id);
  const view = ref && (await deps.ledgers.read(ref));
  if (!ref || !view || isForAnother(view.challenge, call)) return challengeNotFound();
  return allowed(viewChallenge(ref, view, unsealSend(deps.keyring, ref, view.challenge.sealed), call.caller));
}
