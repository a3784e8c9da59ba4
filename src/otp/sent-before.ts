import type { Challenge } from "./challenge.ts";
import type { OtpDeps } from "./deps.ts";
import type { ChallengeRef } from "./ledger.ts";
import { type Asked, idempotencyOf } from "./open-send.ts";
import { allowed, type Result } from "./refusal.ts";
import { unsealSend } from "./sealed-send.ts";
import type { Call } from "./types.ts";
import { viewChallenge } from "./view-challenge.ts";

/** The answer to a retry whose message went out before, for when no further one would be let through; undefined for anything else. */
export async function sentBefore(
  deps: OtpDeps,
  { ref, ...asked }: Asked & { readonly ref: ChallengeRef },
  call: Call,
): Promise<Result<Challenge> | undefined> {
  const idempotency = idempotencyOf(deps, ref, asked, call);
  const view = idempotency && (await deps.ledgers.read(ref));
  const delivery = Object.values(view?.challenge.deliveries ?? {}).findLast((each) => each.idempotency?.key === idempotency?.key);
  if (!view || delivery?.idempotency?.content !== idempotency.content) return undefined;
  // Failed, or still under way: it is not the message of the retry yet.
  if (delivery.state === "failed" || delivery.state === "sending") return undefined;
  return allowed(viewChallenge(ref, view, unsealSend(deps.keyring, ref, view.challenge.sealed), call.caller));
}
