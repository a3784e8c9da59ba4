import { formatChallengeId } from "./challenge-id.ts";
import type { OtpDeps } from "./deps.ts";
import type { ChallengeRef, ChallengeView, RecordDelivery } from "./ledger.ts";
import type { Attempt, ChannelRoute, SendResult, Wording } from "./ports.ts";
import { allowed, type Result, refused, StoreUnavailable } from "./refusal.ts";
import type { Call } from "./types.ts";

/** A message whose send this call has the lock on. */
export type Delivering = {
  readonly ref: ChallengeRef;
  readonly deliveryId: string;
  readonly route: ChannelRoute;
  readonly wording: Wording;
  readonly view: ChallengeView;
};

/**
 * Has the message carried, records what came of it, and answers with the challenge as it is now. The store was written before: a
 * crash in here leaves a message that reads as unknown, never a code that cannot be verified.
 */
export async function deliver(deps: OtpDeps, delivering: Delivering, call: Call): Promise<Result<ChallengeView>> {
  const { provider, result } = await carry(deps, delivering, call);
  const record: RecordDelivery = { ...delivering.ref, deliveryId: delivering.deliveryId, provider, ...stateOf(result) };
  await recordOrReport(deps, record);
  if (result.outcome === "retryable" || result.outcome === "permanent") return failed(result);
  return allowed(withDelivery(delivering.view, record));
}

function carry(deps: OtpDeps, { route, wording, ref, deliveryId }: Delivering, call: Call): Promise<Attempt> {
  const { application } = ref;
  const challengeId = formatChallengeId(ref);
  const message = { ...route.compose(wording), purpose: wording.purpose, challengeId, deliveryId };
  return route.carrier.carry(message, {
    signal: call.signal,
    remainingMs: Math.min(call.remainingMs?.() ?? deps.maxDeadlineMs, deps.maxDeadlineMs),
    onAttempt: (attempt) => deps.events.messageHandled({ application, challengeId, channel: route.channel, ...attempt }),
  });
}

/** The message is out whether or not the store takes note: answering with an error would make the caller pay for a second. */
async function recordOrReport(deps: OtpDeps, record: RecordDelivery): Promise<void> {
  try {
    await deps.ledgers.recordDelivery(record);
  } catch (cause) {
    if (!(cause instanceof StoreUnavailable)) throw cause;
    deps.events.deliveryNotRecorded({ challengeId: formatChallengeId(record), cause });
  }
}

function stateOf(result: SendResult): Pick<RecordDelivery, "state" | "reference" | "failure"> {
  if (result.outcome === "accepted") return { state: "accepted", ...(result.reference !== undefined && { reference: result.reference }) };
  return { state: result.outcome === "unknown" ? "unknown" : "failed", failure: result.failure };
}

function failed(result: Exclude<SendResult, { outcome: "accepted" }>): Result<never> {
  const metadata = { failure: result.failure };
  if (result.outcome === "permanent")
    return refused("DELIVERY_FAILED", "no provider takes this message; trying again will not help", { metadata });
  return refused("DELIVERY_FAILED", "no provider could take the message just now; nothing was sent", { metadata, retryAfterMs: 5_000 });
}

function withDelivery(view: ChallengeView, { deliveryId, state, provider, failure }: RecordDelivery): ChallengeView {
  const before = view.challenge.deliveries[deliveryId];
  if (!before) return view;
  const delivery = { ...before, state, provider, ...(failure && { failure }), updatedAt: view.now };
  return { ...view, challenge: { ...view.challenge, deliveries: { ...view.challenge.deliveries, [deliveryId]: delivery } } };
}
