import type { OpenOutcome, OpenUnsentOutcome, ResendOutcome, VerifyOutcome } from "./ledger.ts";
import { type Result, refused, StoreUnavailable } from "./refusal.ts";

type Refused = Exclude<
  OpenOutcome | OpenUnsentOutcome | ResendOutcome | VerifyOutcome,
  {
    status:
      | "opened"
      | "replayed"
      | "not_due"
      | "unprepared"
      | "approved"
      | "mismatch"
      | "binding_mismatch"
      | "request_reused"
      | "no_authenticator";
  }
>;

/** Why the ledger said no, in words for the caller. */
export function refuse(outcome: Refused): Result<never> {
  switch (outcome.status) {
    case "not_found":
      return challengeNotFound();
    case "expired":
      return refused("CODE_EXPIRED", "the challenge has expired; send a new code");
    case "used":
      return refused("CODE_ALREADY_USED", "a code of this challenge was accepted before; send a new code");
    case "canceled":
      return refused("CHALLENGE_CANCELED", "the challenge was canceled; send a new code");
    case "exhausted":
      return tooManyAttempts(outcome);
    case "cooldown":
      return refused("RESEND_COOLDOWN", "too soon for another message", { retryAfterMs: outcome.retryAfterMs });
    case "rate_limited":
      return refused("RATE_LIMITED", `too many messages for this ${outcome.scope}`, {
        retryAfterMs: outcome.retryAfterMs,
        metadata: { scope: outcome.scope },
      });
    case "in_progress":
      return refused("REQUEST_IN_PROGRESS", "the first request with this idempotency_key is still under way", {
        retryAfterMs: outcome.retryAfterMs,
      });
    case "key_reused":
      return refused("IDEMPOTENCY_KEY_REUSED", "this idempotency_key was used for a request with other content; use a new one");
  }
}

/** A store that does not answer is an outcome too: the caller is told, and so is whoever reads the events. */
export async function orUnavailable<T>(work: Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return refused("STORE_UNAVAILABLE", "the store cannot be reached; try again later");
  }
}

/** The same for a challenge that never was, is long over, or is another application's. */
export const challengeNotFound = (): Result<never> => refused("CHALLENGE_NOT_FOUND", "there is no such challenge");

function tooManyAttempts({
  scope,
  retryAfterMs,
}: {
  readonly scope: "challenge" | "recipient";
  readonly retryAfterMs?: number;
}): Result<never> {
  const message =
    scope === "challenge"
      ? "every guess of this challenge is spent; send a new code"
      : "too many wrong codes for this recipient; it is locked";
  return refused("TOO_MANY_ATTEMPTS", message, { metadata: { scope }, ...(retryAfterMs !== undefined && { retryAfterMs }) });
}
