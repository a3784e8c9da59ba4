import type { Challenge, Delivery } from "./challenge.ts";
import { formatChallengeId } from "./challenge-id.ts";
import type { ChallengeRef, ChallengeView, LedgerChallenge, LedgerDelivery } from "./ledger.ts";
import { attemptsRemaining, ofChallengeAlone } from "./ledger-limits.ts";
import { maskRecipient } from "./mask.ts";
import { sandboxCode } from "./sandbox.ts";
import type { SealedSend } from "./sealed-send.ts";
import type { Caller, Channel } from "./types.ts";

/** What a caller may see of a challenge at the moment it was read. */
export function viewChallenge(ref: ChallengeRef, view: ChallengeView, sealed: SealedSend, caller: Caller): Challenge {
  const { challenge, now } = view;
  const { limits } = caller.application;
  const deliveries = Object.values(challenge.deliveries).map((delivery) => viewDelivery(delivery, now, caller));
  return {
    challengeId: formatChallengeId(ref),
    state: stateOf(challenge, now, limits.guessesPerChallenge),
    channel: channelOf(challenge),
    maskedRecipient: maskRecipient(sealed.recipient),
    purpose: challenge.purpose,
    createdAt: challenge.createdAt,
    expiresAt: challenge.expiresAt,
    resendAt: challenge.resendAt,
    codeLength: challenge.codeLength,
    attemptsRemaining: attemptsRemaining(view, challenge, caller.kind === "service" ? limits : ofChallengeAlone(limits), now),
    sendsRemaining: challenge.accepts ? 0 : Math.max(0, limits.sendsPerChallenge - challenge.sends),
    deliveries,
    sandbox: caller.kind === "service" && sandboxCode(caller.application, sealed.recipient) !== undefined,
    ...(caller.kind === "service" && sealed.simSwappedAt !== undefined && { simSwappedAt: sealed.simSwappedAt }),
  };
}

/** How its code came, or comes. */
export const channelOf = ({ verifiedBy, accepts, deliveries }: LedgerChallenge): Channel =>
  verifiedBy ?? accepts?.[0] ?? Object.values(deliveries).at(-1)?.channel ?? "sms";

function stateOf(challenge: LedgerChallenge, now: number, guesses: number): Challenge["state"] {
  if (challenge.state !== "open") return challenge.state;
  if (now >= challenge.expiresAt) return "expired";
  return challenge.attempts >= guesses ? "exhausted" : "pending";
}

/**
 * A send whose sender fell silent may or may not have gone out: that is what "unknown" means. A browser is told that a message is on its
 * way, whether or not there is one: what becomes of it, and when, tells whether the recipient can be reached, and is sent anything at all.
 */
function viewDelivery(delivery: LedgerDelivery, now: number, caller: Caller): Delivery {
  const silent = delivery.state === "sending" && now >= delivery.leaseUntil;
  const { channel, createdAt } = delivery;
  if (caller.kind === "browser") {
    const state = delivery.state === "sending" && !silent ? "sending" : "accepted";
    return { channel, provider: "", state, createdAt, updatedAt: createdAt, failure: "" };
  }
  return {
    channel,
    provider: delivery.provider ?? "",
    state: silent ? "unknown" : delivery.state,
    createdAt,
    updatedAt: silent ? delivery.leaseUntil : delivery.updatedAt,
    failure: delivery.failure ?? "",
  };
}
