/** What has happened between two answers of WatchChallenge, in words. */
import { type Challenge, ChallengeState, Channel, type Delivery, DeliveryState } from "../../src/gen/countersign/v1/code_service_pb.js";

export type Change = { readonly text: string; readonly tone: "plain" | "good" | "bad" };

export function describeChanges(before: Challenge | undefined, after: Challenge): Change[] {
  const changes: Change[] = [];
  if (!before) changes.push({ text: `Challenge opened for ${after.maskedRecipient}`, tone: "plain" });
  after.deliveries.forEach((delivery, index) => {
    const known = before?.deliveries[index];
    if (known?.state !== delivery.state) changes.push(describeDelivery(delivery, index));
  });
  // A right code is counted among the guesses too.
  const rightGuesses = after.state === ChallengeState.VERIFIED && before?.state !== after.state ? 1 : 0;
  if (before && after.attemptsRemaining + rightGuesses < before.attemptsRemaining)
    changes.push({
      text: `Wrong code: ${after.attemptsRemaining} ${after.attemptsRemaining === 1 ? "guess" : "guesses"} left`,
      tone: "bad",
    });
  const ended = endings[after.state];
  if (ended && before?.state !== after.state) changes.push(ended);
  return changes;
}

export const channelNames: Readonly<Partial<Record<Channel, string>>> = {
  [Channel.SMS]: "SMS",
  [Channel.VOICE]: "Call",
  [Channel.EMAIL]: "Email",
  [Channel.WHATSAPP]: "WhatsApp message",
};

function describeDelivery({ channel, state, provider, failure }: Delivery, index: number): Change {
  const what = `${channelNames[channel] ?? "Message"}${index > 0 ? ` (message ${index + 1})` : ""}`;
  const by = provider ? ` by ${provider}` : "";
  const why = failure ? `: ${failure.replaceAll("_", " ")}` : "";
  return { text: `${what} ${deliveries[state] ?? "changed"}${by}${why}`, tone: state === DeliveryState.FAILED ? "bad" : "plain" };
}

const deliveries: Readonly<Partial<Record<DeliveryState, string>>> = {
  [DeliveryState.SENDING]: "on its way",
  [DeliveryState.ACCEPTED]: "accepted",
  [DeliveryState.DELIVERED]: "delivered",
  [DeliveryState.FAILED]: "not delivered",
  [DeliveryState.UNKNOWN]: "perhaps delivered",
};

const endings: Readonly<Partial<Record<ChallengeState, Change>>> = {
  [ChallengeState.VERIFIED]: { text: "Verified", tone: "good" },
  [ChallengeState.EXPIRED]: { text: "Expired", tone: "bad" },
  [ChallengeState.CANCELED]: { text: "Canceled", tone: "bad" },
  [ChallengeState.EXHAUSTED]: { text: "Every guess was spent", tone: "bad" },
};
