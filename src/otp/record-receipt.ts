import { formatChallengeId } from "./challenge-id.ts";
import type { TrafficObserver } from "./guard-ports.ts";
import type { Keyring } from "./keyring.ts";
import { type ChallengeRef, type ChallengeView, deliveryStates, type LedgerDelivery, maxVendorCode } from "./ledger.ts";
import type { Events, ParseRecipient, ReceiptReader } from "./ports.ts";
import { keptReference, type MessageName, type Receipt, type ReceiptCall, type ReceiptReading, type ReceiptSubject } from "./receipt.ts";
import { unsealSend } from "./sealed-send.ts";
import type { DeliveryFinder, LedgerStore } from "./store-ports.ts";
import type { Application } from "./types.ts";

export type ReceiptDeps = {
  readonly ledgers: Pick<LedgerStore, "read" | "recordDelivery">;
  readonly deliveries: DeliveryFinder;
  readonly keyring: Pick<Keyring, "ledgerOf" | "unseal">;
  readonly traffic?: Pick<TrafficObserver, "delivered"> | undefined;
  readonly parseRecipient: ParseRecipient;
  readonly applications: readonly Application[];
  /** By the name of the provider. */
  readonly receiptReaders: ReadonlyMap<string, ReceiptReader>;
  readonly events: Pick<Events, "receiptTaken" | "receiptRefused">;
  /** Told of what a receipt changed, once for each change. */
  onReceipt(provider: string, message: MessageName, receipt: Receipt): void;
};

/** `taken` also where there was nothing to change: a vendor must not send the same again. */
export type ReceiptOutcome = "taken" | "no_provider" | Exclude<ReceiptReading["outcome"], "read">;

/**
 * Takes what a vendor says of a message. Whatever comes twice, late or in another order changes nothing by the rule of
 * `recordDelivery`; the record is read before so that a duplicate costs no write, and what follows from a receipt follows once.
 * Rejects with `StoreUnavailable`, and then the vendor has to try again.
 */
export async function recordReceipt(deps: ReceiptDeps, provider: string, call: ReceiptCall): Promise<ReceiptOutcome> {
  const reader = deps.receiptReaders.get(provider);
  if (!reader) return "no_provider";
  const reading = await reader.read(call);
  if (reading.outcome !== "read") {
    deps.events.receiptRefused({ provider, outcome: reading.outcome, why: reading.why });
    return reading.outcome;
  }
  const { subject, receipt } = reading;
  const message = subject && receipt && (await findMessage(deps, provider, subject));
  if (!message) return "taken";
  return recordFor(deps, { provider, message, receipt });
}

/** How long a receipt waits for the send that it is ahead of, and how often that is looked at. */
const waits = 6;
const waitMs = 500;

type Recording = { readonly provider: string; readonly message: MessageName; readonly receipt: Receipt };

async function recordFor(deps: ReceiptDeps, { provider, message, receipt }: Recording): Promise<ReceiptOutcome> {
  const { ref, deliveryId } = message;
  const change = await changeWhenSent(deps, { provider, message, receipt });
  if (change === "under_way") return "unavailable";
  if (change === "another_message") {
    deps.events.receiptRefused({ provider, outcome: "forged", why: "another message's" });
    return "forged";
  }
  if (change === "none") return "taken";
  const { state, failure, reference, vendorCode } = receipt;
  const { trace } = change;
  await deps.ledgers.recordDelivery({
    ...ref,
    deliveryId,
    provider,
    state,
    ...(failure !== undefined && { failure }),
    ...keptReference(reference),
    ...(vendorCode !== undefined && { vendorCode: vendorCode.slice(0, maxVendorCode) }),
  });
  deps.events.receiptTaken({
    application: ref.application,
    challengeId: formatChallengeId(ref),
    provider,
    state,
    ...(failure !== undefined && { failure }),
    ...(vendorCode !== undefined && { vendorCode }),
    ...(trace !== undefined && { trace }),
  });
  deps.onReceipt(provider, message, receipt);
  if (state === "delivered") await countDelivered(deps, ref);
  return "taken";
}

async function countDelivered({ ledgers, keyring, traffic }: ReceiptDeps, ref: ChallengeRef): Promise<void> {
  const view = traffic && (await ledgers.read(ref));
  if (!view) return;
  const { recipient, client } = unsealSend(keyring, ref, view.challenge.sealed);
  traffic.delivered({ application: ref.application, recipient, client });
}

/**
 * A provider may refuse a message in its answer, and tell of the failure besides, while the next one is being asked: recorded then, its
 * "failed" would be the last word on a message that somebody else delivers. So it waits until it is known who carried the message.
 */
async function changeWhenSent({ ledgers }: ReceiptDeps, recording: Recording): Promise<Change | "under_way"> {
  const { message, receipt } = recording;
  for (let left = waits; ; left -= 1) {
    const view = await ledgers.read(message.ref);
    if (receipt.state !== "failed" || !isUnderWay(view, message.deliveryId)) return changeOf(view, recording);
    if (left === 0) return "under_way";
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

function isUnderWay(view: ChallengeView | undefined, deliveryId: string): boolean {
  const delivery = view?.challenge.deliveries[deliveryId];
  return delivery?.state === "sending" && delivery.provider === undefined && (view?.now ?? 0) < delivery.leaseUntil;
}

/** What is known before of the message that is to be changed, or why there is nothing to change. */
type Change = LedgerDelivery | "none" | "another_message";

/** Where the signature does not cover the address, a receipt of one message could be sent to the address of another. */
function changeOf(view: ChallengeView | undefined, { provider, message, receipt }: Recording): Change {
  const delivery = view?.challenge.deliveries[message.deliveryId];
  if (!delivery || (delivery.provider !== undefined && delivery.provider !== provider)) return "none";
  const { reference = receipt.reference } = delivery;
  if (receipt.reference !== undefined && receipt.reference !== reference) return "another_message";
  return deliveryStates.indexOf(receipt.state) > deliveryStates.indexOf(delivery.state) ? delivery : "none";
}

/**
 * Where a vendor's receipts cannot carry our name of a message, they say whom it went to. From that follow the names of the records
 * it can be in, one for each application: a look-up by key, without an index over the vendor's ids.
 */
async function findMessage(deps: ReceiptDeps, provider: string, subject: ReceiptSubject): Promise<MessageName | undefined> {
  if (!("phoneNumber" in subject)) return subject;
  const { phoneNumber: value, country, reference } = subject;
  const ledgers = deps.applications.flatMap((application) => {
    const parsed = deps.parseRecipient({ kind: "phone", value }, application);
    return parsed.ok ? [deps.keyring.ledgerOf(application.id, parsed.key)] : [];
  });
  const found = ledgers.length > 0 ? await deps.deliveries.findDelivery({ ledgers, provider, reference }) : undefined;
  return found && { ...found, ...(country !== undefined && { country }) };
}
