import type { ChallengeTrace, DeliveryTrace } from "../otp/trace-challenge.ts";

/** Why the last message arrived or did not, as far as it is known, and where to look next: what whoever is on call asks first. */
export function findingOf({ decoy, accepts, deliveries, recipient }: ChallengeTrace): string {
  if (decoy) {
    const why = recipient.locked ? "the recipient is locked" : "the recipient was locked, or had had too many messages";
    return `Nothing was sent: this is a decoy, which a browser gets when the recipient's own record refuses a challenge; ${why}. No code verifies it.`;
  }
  if (accepts) return `Nothing is sent: it is answered with a code of the subject's ${accepts.join(", ")}.`;
  const last = deliveries.at(-1);
  return last ? ofDelivery(last) : "No message was ever asked for.";
}

function ofDelivery(delivery: DeliveryTrace): string {
  const { suppressed, abandoned, provider = "" } = delivery;
  if (suppressed !== undefined) return `Nothing was sent, and the caller, a browser, is not told: ${suppressed}.`;
  if (provider === "sandbox") return "Nothing was sent: the recipient is one of the application's sandbox, and has a fixed code.";
  if (abandoned)
    return "It is not known whether a message went out: whoever sent it never recorded what came of it (a crash, or a store that was away).";
  return findings[delivery.state](delivery);
}

const findings: Readonly<Record<DeliveryTrace["state"], (delivery: DeliveryTrace) => string>> = {
  sending: () => "The message is just being handed to a provider.",
  unknown: ({ provider, ...rest }) =>
    `It is not known whether the message went out: ${provider || "the provider"} may have taken it${because(rest)}; it was not sent again by itself.`,
  accepted: ({ provider, reference }) =>
    `${provider || "The provider"} took the message, and has told nothing since: ask it ${reference === undefined ? "by the time" : `about ${reference}`}.`,
  delivered: ({ provider }) => `${provider || "The provider"} says that the message arrived.`,
  failed: ({ provider, ...rest }) => `The message was not sent, or did not arrive: ${provider || "no provider"}${because(rest)}.`,
};

const because = ({ failure, vendorCode }: Pick<DeliveryTrace, "failure" | "vendorCode">): string =>
  failure === undefined ? "" : ` (${failure}${vendorCode === undefined ? "" : `, vendor code ${vendorCode}`})`;
