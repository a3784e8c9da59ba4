import type { Challenge, Delivery } from "./challenge.ts";
import { formatChallengeId } from "./challenge-id.ts";
import type { ChallengeRef, ChallengeView, LedgerChallenge, LedgerDelivery } from "./ledger.ts";
import { attemptsRemaining } from "./ledger-limits.ts";
import { maskRecipient } from "./mask.ts";
import type { SealedSend } from "./sealed-send.ts";
import type { Caller } from "./types.ts";

/** What a caller may see of a challenge at the moment it was read. */
export function viewChallenge(ref: ChallengeRef, view: ChallengeView, sealed: SealedSend, caller: Caller): Challenge {
  const { challenge, now } = view;
  const { limits } = caller.application;
  const deliveries = Object.values(challenge.deliveries).map((delivery) => viewDelivery(delivery, now, caller));
  return {
    challengeId: formatChallengeId(ref),
    state: stateOf(challenge, now, limits.guessesPerChallenge),
    channel: deliveries.at(-1)?.channel ?? "sms",
    maskedRecipient: maskRecipient(sealed.recipient),
    purpose: challenge.purpose,
    createdAt: challenge.createdAt,
    expiresAt: challenge.expiresAt,
    resendAt: challenge.resendAt,
    codeLength: challenge.codeLength,
    attemptsRemaining: attemptsRemaining(view, challenge, limits, now),
    sendsRemaining: Math.max(0, limits.sendsPerChallenge - challenge.sends),
    deliveries,
  };
}

function stateOf(challenge: LedgerChallenge, now: number, guesses: number): Challenge["state"] {
  if (challenge.state !== "open") return challenge.state;
  if (now >= challenge.expiresAt) return "expired";
  return challenge.attempts >= guesses ? "exhausted" : "pending";
}

/** A send whose sender fell silent may or may not have gone out: that is what "unknown" means. */
function viewDelivery(delivery: LedgerDelivery, now: number, caller: Caller): Delivery {
  const silent = delivery.state === "sending" && now >= delivery.leaseUntil;
  return {
    channel: delivery.channel,
    provider: caller.kind === "service" ? (delivery.provider ?? "") : "",
    state: silent ? "unknown" : delivery.state,
    createdAt: delivery.createdAt,
    updatedAt: silent ? delivery.leaseUntil : delivery.updatedAt,
    failure: delivery.failure ?? "",
  };
}
