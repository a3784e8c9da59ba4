/** The rules about the messages of a challenge: what a retry meets, what a new one changes, what becomes of it, what comes after it. */
import {
  type ChallengeView,
  deliveryStates,
  type Ledger,
  type LedgerChallenge,
  type LedgerDelivery,
  type NewMessage,
  type RecordDelivery,
  type Repeated,
} from "./ledger.ts";
import type { LedgerLimits } from "./types.ts";

/** What a request that repeats an idempotency key gets; undefined where it may send. */
export function repeatedMessage(challenge: LedgerChallenge, message: NewMessage, at: ChallengeView): Repeated | undefined {
  const { idempotency } = message;
  if (!idempotency) return undefined;
  const before = Object.values(challenge.deliveries).findLast((delivery) => delivery.idempotency?.key === idempotency.key);
  if (!before) return undefined;
  if (before.idempotency?.content !== idempotency.content) return { status: "key_reused" };
  if (before.state === "sending" && at.now < before.leaseUntil) return { status: "in_progress", retryAfterMs: before.leaseUntil - at.now };
  // Failed or silent: whoever asks again takes the send over.
  if (before.state === "sending" || before.state === "failed") return undefined;
  return { status: "replayed", view: at };
}

export type MessageTerms = {
  readonly message: NewMessage;
  readonly keepPrevious?: boolean;
  readonly limits: LedgerLimits;
  /** A message that takes another's place does so for its idempotency key too. */
  readonly insteadOf?: string;
};

export function addMessage(ledger: Ledger, challenge: LedgerChallenge, terms: MessageTerms, now: number): void {
  const { message, keepPrevious = false, limits, insteadOf } = terms;
  const idempotency = insteadOf === undefined ? message.idempotency : challenge.deliveries[insteadOf]?.idempotency;
  ledger.sends.push(now);
  challenge.codes = keepPrevious ? [...challenge.codes, message.codeHash] : [message.codeHash];
  challenge.codeLength = message.codeLength;
  challenge.sealed = message.sealed;
  challenge.sends += 1;
  challenge.resendAt = now + (limits.cooldownsMs[Math.min(challenge.sends, limits.cooldownsMs.length) - 1] ?? 0);
  challenge.deliveries[message.deliveryId] = {
    channel: message.channel,
    state: "sending",
    createdAt: now,
    updatedAt: now,
    leaseUntil: now + message.leaseMs,
    ...(idempotency && { idempotency }),
    ...(message.trace !== undefined && { trace: message.trace }),
  };
}

/**
 * What is known of a message only grows: whoever reports less than is known, later or twice, changes nothing, so reports may come
 * in any order. Nor does a provider that did not carry it have a say.
 */
export function recordDelivery(ledger: Ledger, request: RecordDelivery, now: number): void {
  const delivery = ledger.challenges[request.nonce]?.deliveries[request.deliveryId];
  if (!delivery || (delivery.provider !== undefined && delivery.provider !== request.provider)) return;
  const { state, provider, reference = delivery.reference, failure, vendorCode } = request;
  const { tried = delivery.tried, suppressed = delivery.suppressed } = request;
  if (deliveryStates.indexOf(state) <= deliveryStates.indexOf(delivery.state)) return;
  const times = { ...delivery.times, [state]: now };
  Object.assign(delivery, { state, provider, reference, failure, vendorCode, tried, suppressed, times, updatedAt: now });
}

/**
 * Whether the next channel's turn has come: every provider has refused the last message, or the wait is over and it has not arrived.
 * One that is still being handed over is waited for.
 */
export function isFallbackDue(challenge: LedgerChallenge, insteadOf: string, now: number): boolean {
  const { fallback } = challenge;
  const last = lastDelivery(challenge);
  if (!fallback || !last || last !== challenge.deliveries[insteadOf]) return false;
  if (last.state === "failed") return true;
  if (last.state === "delivered" || (last.state === "sending" && now < last.leaseUntil)) return false;
  return fallback.at !== undefined && fallback.at <= now;
}

/** After a message by `channel`: what is left to try, and from when on. */
export function nextFallback(
  { channels, afterMs }: Pick<NonNullable<LedgerChallenge["fallback"]>, "channels" | "afterMs">,
  channel: LedgerDelivery["channel"],
  now: number,
): LedgerChallenge["fallback"] {
  const left = channels.filter((each) => each !== channel);
  if (left.length === 0) return undefined;
  return { channels: left, ...(afterMs !== undefined && { afterMs, at: now + afterMs }) };
}

/** When a fallback of the ledger wants to be looked at; undefined when none does. */
export function wakeAt(ledger: Ledger): number | undefined {
  const moments = Object.values(ledger.challenges).flatMap(({ fallback, deliveries }) => {
    if (fallback?.at === undefined) return [];
    return Object.values(deliveries).at(-1)?.state === "failed" ? 0 : fallback.at;
  });
  return moments.length > 0 ? Math.min(...moments) : undefined;
}

/** Object keys keep the order they were added in, and delivery ids begin with a letter. */
const lastDelivery = ({ deliveries }: LedgerChallenge): LedgerDelivery | undefined => Object.values(deliveries).at(-1);
