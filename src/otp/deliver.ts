import { formatChallengeId } from "./challenge-id.ts";
import type { OtpDeps } from "./deps.ts";
import { isHiddenFailure } from "./hide.ts";
import { type ChallengeRef, type ChallengeView, maxTried, maxVendorCode, type RecordDelivery, type TriedProvider } from "./ledger.ts";
import type { Attempt, Carrier, ChannelRoute, SendResult, Wording } from "./ports.ts";
import { keptReference } from "./receipt.ts";
import { type Refusal, StoreUnavailable } from "./refusal.ts";
import { sandboxCode } from "./sandbox.ts";
import { sandboxCarrier } from "./substitute-carriers.ts";
import type { Call } from "./types.ts";

/** A message whose send this call has the lock on. */
export type Delivering = {
  readonly ref: ChallengeRef;
  readonly deliveryId: string;
  readonly route: ChannelRoute;
  readonly wording: Wording;
  readonly view: ChallengeView;
  readonly suppressed: boolean;
  /** For the record, of one that is suppressed. */
  readonly why?: string | undefined;
  /** Of `Leave`. */
  readonly startedAt: number;
};

/** The challenge as it is now, and why nobody took the message if nobody did. */
export type Delivered = { readonly view: ChallengeView; readonly refusal?: Refusal };

/**
 * Has the message carried, records what came of it, and answers with the challenge as it is now. The store was written before: a
 * crash in here leaves a message that reads as unknown, never a code that cannot be verified.
 */
export async function deliver(deps: OtpDeps, delivering: Delivering, call: Call): Promise<Delivered> {
  const attempts: Attempt[] = [];
  const { provider, result } = await carry(deps, delivering, call, (attempt) => attempts.push(attempt));
  const { ref, deliveryId, suppressed, why = "decoy" } = delivering;
  const tried = triedBefore(attempts);
  const record: RecordDelivery = {
    ...ref,
    deliveryId,
    provider,
    ...stateOf(result, call),
    ...(tried.length > 0 && { tried }),
    ...(suppressed && { suppressed: why }),
  };
  await recordOrReport(deps, record);
  const refusal = result.outcome === "retryable" || result.outcome === "permanent" ? refusalOf(result, call) : undefined;
  return { view: withDelivery(delivering.view, record), ...(refusal && { refusal }) };
}

async function carry(deps: OtpDeps, delivering: Delivering, call: Call, onAttempt: (attempt: Attempt) => void): Promise<Attempt> {
  const { route, wording, ref, deliveryId } = delivering;
  const { application } = ref;
  const challengeId = formatChallengeId(ref);
  const message = { ...route.compose(wording), purpose: wording.purpose, application, challengeId, deliveryId };
  const carrier = carrierOf(deps, delivering, call);
  const attempt = await carrier.carry(message, {
    signal: call.signal,
    remainingMs: Math.min(call.remainingMs?.() ?? deps.maxDeadlineMs, deps.maxDeadlineMs),
    onAttempt(attempt) {
      onAttempt(attempt);
      deps.events.messageHandled({ application, challengeId, channel: route.channel, ...attempt });
    },
  });
  if (carrier === route.carrier) await afterReal(deps, delivering, attempt, call);
  return attempt;
}

function carrierOf(deps: OtpDeps, { route, wording, suppressed, startedAt }: Delivering, { caller }: Call): Carrier {
  const isSandbox = sandboxCode(caller.application, wording.recipient) !== undefined;
  if (suppressed) return deps.pretence.carrierLike(route.carrier, startedAt);
  if (isSandbox && caller.kind === "browser") return deps.pretence.carrierLike(route.carrier, startedAt, "sandbox");
  return isSandbox ? sandboxCarrier : route.carrier;
}

/** A vendor may say no sooner than yes, and that must not show where the no itself does not. */
async function afterReal(deps: OtpDeps, { route, startedAt }: Delivering, { result }: Attempt, call: Call): Promise<void> {
  if (result.outcome === "accepted") deps.pretence.saw(route.carrier, performance.now() - startedAt, call.caller.kind);
  else if (isHiddenFailure(result.failure, call)) await deps.pretence.settle(route.carrier, startedAt, call.signal);
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

/** A retry takes over what failed, and would thereby show a failure that is not told. */
function stateOf(result: SendResult, call: Call): Pick<RecordDelivery, "state" | "reference" | "failure" | "vendorCode"> {
  if (result.outcome === "accepted") return { state: "accepted", ...keptReference(result.reference) };
  const isKept = result.outcome === "unknown" || isHiddenFailure(result.failure, call);
  return { state: isKept ? "unknown" : "failed", ...failureOf(result) };
}

type Failed = Exclude<SendResult, { outcome: "accepted" }>;

const failureOf = ({ failure, vendorCode }: Failed) => ({
  failure,
  ...(vendorCode !== undefined && { vendorCode: vendorCode.slice(0, maxVendorCode) }),
});

/** All but the last, who is recorded as the provider of the message. */
const triedBefore = (attempts: readonly Attempt[]): TriedProvider[] =>
  attempts
    .slice(-maxTried - 1, -1)
    .flatMap(({ provider, result, durationMs }) =>
      result.outcome === "accepted" ? [] : [{ provider, ...failureOf(result), durationMs: Math.round(durationMs) }],
    );

function refusalOf(result: Failed, call: Call): Refusal | undefined {
  if (isHiddenFailure(result.failure, call)) return undefined;
  const metadata = call.caller.kind === "service" ? { metadata: { failure: result.failure } } : {};
  const refusal = { reason: "DELIVERY_FAILED", ...metadata } as const;
  if (result.outcome === "permanent") return { ...refusal, message: "no provider takes this message; trying again will not help" };
  return { ...refusal, message: "no provider could take the message just now; nothing was sent", retryAfterMs: 5_000 };
}

function withDelivery(view: ChallengeView, { deliveryId, state, provider, failure }: RecordDelivery): ChallengeView {
  const before = view.challenge.deliveries[deliveryId];
  if (!before) return view;
  const delivery = { ...before, state, provider, ...(failure && { failure }), updatedAt: view.now };
  return { ...view, challenge: { ...view.challenge, deliveries: { ...view.challenge.deliveries, [deliveryId]: delivery } } };
}
