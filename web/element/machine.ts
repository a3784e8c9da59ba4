/** What the element shows, as values: `reduce` knows neither page nor network. Times are the server's, in milliseconds since 1970. */
import type { Failure } from "./failure.ts";

export type Kind = "phone" | "email";
export type ChannelName = "sms" | "voice" | "whatsapp" | "email" | "other";

/** Where a challenge stands, without anything that a page should not know. */
export type ChallengeInfo = {
  readonly id: string;
  readonly state: "pending" | Why;
  readonly channel: ChannelName;
  readonly maskedRecipient: string;
  readonly expiresAt: number;
  readonly resendAt: number;
  readonly codeLength: number;
  readonly attemptsRemaining: number;
  readonly sendsRemaining: number;
};

/** What the host page gets for a right code. */
export type Verification = {
  readonly challengeId: string;
  readonly channel: ChannelName;
  readonly purpose: string;
  readonly verifiedAt: Date;
  readonly proofToken: string;
};

/** Why a challenge takes no more codes. */
export type Why = "expired" | "exhausted" | "locked" | "canceled" | "used" | "gone";

export type State =
  /** Asking the service for the challenge from before a refresh. */
  | { readonly step: "restoring" }
  | { readonly step: "recipient"; readonly kind: Kind; readonly busy: boolean; readonly failure?: Failure }
  | CodeState
  | { readonly step: "over"; readonly why: Why; readonly kind: Kind; readonly busy: boolean; readonly failure?: Failure }
  | { readonly step: "done"; readonly verification: Verification };

export type CodeState = {
  readonly step: "code";
  readonly challenge: ChallengeInfo;
  readonly busy?: "verify" | "resend";
  readonly failure?: Failure;
  /** Counts the messages that were sent, so that each is announced. */
  readonly messages: number;
};

export type Happening =
  | { readonly type: "restoring" }
  | { readonly type: "started"; readonly kind: Kind }
  | { readonly type: "sending" }
  | { readonly type: "sent"; readonly challenge: ChallengeInfo }
  | { readonly type: "looked"; readonly challenge: ChallengeInfo }
  | { readonly type: "verifying" }
  | { readonly type: "verified"; readonly verification: Verification }
  | { readonly type: "resending" }
  /** `at` is when the service said so. */
  | { readonly type: "failed"; readonly failure: Failure; readonly at: number }
  | { readonly type: "expired" };

export function reduce(state: State, happening: Happening): State {
  switch (happening.type) {
    case "restoring":
      return { step: "restoring" };
    case "started":
      return { step: "recipient", kind: happening.kind, busy: false };
    case "sending":
      if (state.step === "recipient") return { step: "recipient", kind: state.kind, busy: true };
      return state.step === "over" ? { step: "over", why: state.why, kind: state.kind, busy: true } : state;
    case "sent":
      return { step: "code", challenge: happening.challenge, messages: state.step === "code" ? state.messages + 1 : 1 };
    case "looked":
      return look(state, happening.challenge);
    case "verifying":
      return state.step === "code" ? { ...without(state), busy: "verify" } : state;
    case "resending":
      return state.step === "code" ? { ...without(state), busy: "resend" } : state;
    case "verified":
      return { step: "done", verification: happening.verification };
    case "failed":
      return fail(state, happening.failure, happening.at);
    case "expired":
      return state.step === "code" ? over(state, "expired") : state;
  }
}

/** Which way a recipient is reached by a channel. */
export const kindOf = (channel: ChannelName): Kind => (channel === "email" ? "email" : "phone");

function look(state: State, challenge: ChallengeInfo): State {
  if (state.step === "done" || (state.step === "code" && state.busy)) return state;
  if (challenge.state !== "pending") return { step: "over", why: challenge.state, kind: kindOf(challenge.channel), busy: false };
  return state.step === "code" ? { ...state, challenge } : { step: "code", challenge, messages: 0 };
}

function fail(state: State, failure: Failure, at: number): State {
  if (state.step === "recipient" || state.step === "over") return { ...state, busy: false, failure };
  if (state.step !== "code") return state;
  const why = endedBy(failure);
  if (why) return over(state, why, failure);
  return { ...without(state), challenge: changedBy(failure, state.challenge, at), failure };
}

const over = ({ challenge }: CodeState, why: Why, failure?: Failure): State => ({
  step: "over",
  why,
  kind: kindOf(challenge.channel),
  busy: false,
  ...(failure && { failure }),
});

const ends: Readonly<Record<string, Why>> = {
  CODE_EXPIRED: "expired",
  CODE_ALREADY_USED: "used",
  CHALLENGE_CANCELED: "canceled",
  CHALLENGE_NOT_FOUND: "gone",
};

function endedBy({ reason, metadata }: Failure): Why | undefined {
  if (reason === "TOO_MANY_ATTEMPTS") return metadata.scope === "recipient" ? "locked" : "exhausted";
  // The last guess that was wrong: the next one would not be looked at.
  if (reason === "CODE_MISMATCH" && metadata.attempts_remaining === "0") return "exhausted";
  return ends[reason];
}

function changedBy({ reason, metadata, retryAfterMs }: Failure, challenge: ChallengeInfo, at: number): ChallengeInfo {
  if (metadata.attempts_remaining !== undefined) return { ...challenge, attemptsRemaining: Number(metadata.attempts_remaining) };
  if (reason === "RATE_LIMITED" && metadata.scope === "challenge") return { ...challenge, sendsRemaining: 0 };
  if ((reason === "RESEND_COOLDOWN" || reason === "RATE_LIMITED") && retryAfterMs !== undefined)
    return { ...challenge, resendAt: Math.max(challenge.resendAt, at + retryAfterMs) };
  return challenge;
}

function without<S extends { readonly failure?: Failure; readonly busy?: unknown }>(state: S): Omit<S, "failure" | "busy"> {
  const { failure: _, busy: __, ...rest } = state;
  return rest;
}
