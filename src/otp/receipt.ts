import { formatChallengeId, parseChallengeId } from "./challenge-id.ts";
import { type ChallengeRef, type ChallengeView, type Ledger, type LedgerDelivery, maxReference } from "./ledger.ts";
import type { DeliveryFailure } from "./ports.ts";

/** A vendor's request to us that says what became of a message, as it arrived. */
export type ReceiptCall = {
  readonly method: string;
  /** The address it was sent to as the vendor knows it, query included, character by character: signatures cover it. */
  readonly url: string;
  /** What stands behind the provider's own path: the name of the message, where the vendor allowed us to put it there. */
  readonly name: string;
  readonly query: URLSearchParams;
  /** Undefined for one that is not there, or there more than once. */
  header(name: string): string | undefined;
  readonly body: Buffer;
};

/** What a vendor says of a message, in our words. */
export type Receipt = {
  readonly state: Exclude<LedgerDelivery["state"], "sending">;
  readonly failure?: DeliveryFailure;
  /** The vendor's own code, for the log. */
  readonly vendorCode?: string;
  /** The vendor's own id of the message. */
  readonly reference?: string;
};

/** Which message a receipt is about: by the name that we gave the vendor, or by the vendor's own id and whom it went to. */
export type ReceiptSubject = MessageName | { readonly phoneNumber: string; readonly country?: string; readonly reference: string };

export type ReceiptReading =
  /** It is the vendor's. Nothing to record where it says nothing of a message. */
  | { readonly outcome: "read"; readonly subject?: ReceiptSubject; readonly receipt?: Receipt }
  /** Not signed, not rightly, not for this address, or not lately. `why` is for the log: one or two words of ours. */
  | { readonly outcome: "forged"; readonly why: string }
  /** Signed, and yet not what the vendor's documentation describes. */
  | { readonly outcome: "malformed"; readonly why: string }
  /** What it takes to check the signature cannot be had just now. */
  | { readonly outcome: "unavailable"; readonly why: string };

export type MessageName = { readonly ref: ChallengeRef; readonly deliveryId: string; readonly country?: string };

/**
 * How a message is called towards a vendor, so that its receipt finds the record without an index: application, challenge, delivery
 * and country, joined by dots, at most 94 characters of a URL's path. It is no secret, but it cannot be guessed.
 */
export const formatMessageName = ({ ref, deliveryId, country }: MessageName): string =>
  [ref.application, formatChallengeId(ref), deliveryId, country ?? ""].join(".");

const form = /^([a-z0-9-]{1,40})\.([A-Za-z0-9_-]{36})\.(d[A-Za-z0-9_-]{12})\.([A-Z]{2})?$/;

/** Undefined for what no message of ours is called. */
export function parseMessageName(text: string): MessageName | undefined {
  const [, application, challengeId, deliveryId, country] = form.exec(text) ?? [];
  if (application === undefined || challengeId === undefined || deliveryId === undefined) return undefined;
  const ref = parseChallengeId(challengeId, application);
  return ref && { ref, deliveryId, ...(country !== undefined && { country }) };
}

/** The message of a ledger that a provider calls so. */
export function findDeliveryIn(
  ledger: Ledger,
  id: string,
  wanted: { readonly provider: string; readonly reference: string },
): MessageName | undefined {
  for (const [nonce, { deliveries }] of Object.entries(ledger.challenges)) {
    const isWanted = ({ provider, reference }: LedgerDelivery) => provider === wanted.provider && reference === wanted.reference;
    const [deliveryId] = Object.entries(deliveries).find(([, delivery]) => isWanted(delivery)) ?? [];
    if (deliveryId !== undefined) return { ref: { ledger: id, nonce, application: ledger.application }, deliveryId };
  }
  return undefined;
}

/** Whether there is nothing left to learn of a message: its fate is known, its code arrived and was used, or it is forgotten. */
export function isSettled(view: ChallengeView | undefined, deliveryId: string): boolean {
  const delivery = view?.challenge.deliveries[deliveryId];
  return !delivery || view?.challenge.state === "verified" || delivery.state === "delivered" || delivery.state === "failed";
}

/** A vendor's own id of a message, for the record; nothing where it is longer than any vendor's. */
export const keptReference = (reference: string | undefined): { readonly reference?: string } =>
  reference === undefined || reference.length > maxReference ? {} : { reference };
