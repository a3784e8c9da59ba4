/** What host pages hear of. */
import type { ChannelName, Happening, Verification } from "./machine.ts";

export type SentDetail = { readonly challengeId: string; readonly channel: ChannelName; readonly maskedRecipient: string };
export type FailedDetail = {
  /** A reason of `countersign.v1.ErrorReason` without its prefix; `NO_ANSWER` where none came; `NOT_SENT` for what cannot be right. */
  readonly reason: string;
  readonly attemptsRemaining?: number;
  readonly retryAfterMs?: number;
};

export type CountersignEvents = {
  "countersign-sent": CustomEvent<SentDetail>;
  "countersign-verified": CustomEvent<Verification>;
  "countersign-failed": CustomEvent<FailedDetail>;
};

export function tell(element: HTMLElement, happening: Happening): void {
  const [type, detail] = news(happening) ?? [];
  if (type) element.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
}

function news(happening: Happening): readonly [keyof CountersignEvents, SentDetail | FailedDetail | Verification] | undefined {
  switch (happening.type) {
    case "sent": {
      const { id: challengeId, channel, maskedRecipient } = happening.challenge;
      return ["countersign-sent", { challengeId, channel, maskedRecipient }];
    }
    case "verified":
      return ["countersign-verified", happening.verification];
    case "expired":
      return ["countersign-failed", { reason: "CODE_EXPIRED" }];
    case "failed": {
      const { reason, metadata, retryAfterMs } = happening.failure;
      const left = metadata.attempts_remaining;
      return [
        "countersign-failed",
        { reason, ...(left !== undefined && { attemptsRemaining: Number(left) }), ...(retryAfterMs !== undefined && { retryAfterMs }) },
      ];
    }
    default:
      return undefined;
  }
}
