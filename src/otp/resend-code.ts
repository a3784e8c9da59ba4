import type { Challenge, ResendCodeRequest } from "./challenge.ts";
import { challengeNamed, parseChallengeId } from "./challenge-id.ts";
import { checkChallengeId, checkKey, invalid, type Violations } from "./check.ts";
import { routeOf, usableChannels } from "./check-send.ts";
import { generateCode } from "./code.ts";
import { deliver } from "./deliver.ts";
import type { OtpDeps } from "./deps.ts";
import { hashCode } from "./hash-code.ts";
import type { ChallengeRef, ChallengeView, Idempotency } from "./ledger.ts";
import { leaseMs, newDeliveryId } from "./message.ts";
import type { ChannelRoute } from "./ports.ts";
import { allowed, type Result } from "./refusal.ts";
import { challengeNotFound, orUnavailable, refuse } from "./refuse.ts";
import { type SealedSend, sealSend, unsealSend } from "./sealed-send.ts";
import type { Call } from "./types.ts";
import { viewChallenge } from "./view-challenge.ts";

/** Sends a fresh code for an open challenge. Guesses are not refunded, and the challenge expires when it would have. */
export async function resendCode(deps: OtpDeps, request: ResendCodeRequest, call: Call): Promise<Result<Challenge>> {
  const result = await orUnavailable(resend(deps, request, call));
  deps.events.codeResent({
    application: call.caller.application.id,
    reason: result.ok ? "OK" : result.refusal.reason,
    ...challengeNamed(request.challengeId),
    ...(result.ok && { channel: result.value.channel, recipient: result.value.maskedRecipient, purpose: result.value.purpose }),
  });
  return result;
}

async function resend(deps: OtpDeps, request: ResendCodeRequest, call: Call): Promise<Result<Challenge>> {
  const violations: Violations = [];
  checkChallengeId(violations, request.challengeId);
  checkKey(violations, "idempotency_key", request.idempotencyKey);
  if (violations.length > 0) return invalid(violations);
  const ref = parseChallengeId(request.challengeId, call.caller.application.id);
  // 1. Who it goes to and by which channel. Nothing is decided on what is read here: step 2 decides, in one atomic write.
  const seen = ref && (await deps.ledgers.read(ref));
  if (!seen) return challengeNotFound();
  const send = unsealSend(deps.keyring, ref, seen.challenge.sealed);
  const route = chooseRoute(deps, request, seen, send, call);
  if (!route) {
    const available = usableChannels(deps, send.recipient.kind, call.caller.application);
    return invalid([{ field: "channel", description: `not available here for this recipient; available: ${available}` }]);
  }
  const lacking = request.channel ? route.check({ application: call.caller.application, purpose: seen.challenge.purpose, ...send }) : [];
  if (lacking.length > 0) {
    const fields = lacking.map(({ field }) => field).join(", ");
    return invalid([{ field: "channel", description: `its wording does not go with what SendCode was given as ${fields}` }]);
  }
  return resendBy(deps, { ref, seen, send, route, request }, call);
}

type Resend = {
  readonly ref: ChallengeRef;
  readonly seen: ChallengeView;
  readonly send: SealedSend;
  readonly route: ChannelRoute;
  readonly request: ResendCodeRequest;
};

async function resendBy(deps: OtpDeps, { ref, seen, send, route, request }: Resend, call: Call): Promise<Result<Challenge>> {
  const { application } = call.caller;
  const { context, purpose } = seen.challenge;
  const code = generateCode(deps.random, application.code.length, application.code.alphabet);
  const [codeHash] = await hashCode(deps, ref, context, code, call);
  const deliveryId = newDeliveryId(deps.random);
  const idempotency = idempotencyOf(deps, ref, request);
  call.signal.throwIfAborted();
  // 2. Replace the code, under every limit and the idempotency key, and take the lock on the send.
  const sealed = sealSend(deps.keyring, ref, send);
  const message = { deliveryId, channel: route.channel, codeHash, codeLength: code.length, sealed, leaseMs: leaseMs(deps), ...idempotency };
  const opened = await deps.ledgers.resend({ ...ref, message, keepPrevious: application.code.keepPrevious, limits: application.limits });
  if (opened.status === "replayed") return allowed(viewChallenge(ref, opened.view, send, call.caller));
  if (opened.status !== "opened") return refuse(opened);
  // 3. Deliver, record, answer.
  const lifetimeMs = opened.view.challenge.expiresAt - opened.view.now;
  const wording = { application, code, purpose, lifetimeMs, ...send };
  const delivered = await deliver(deps, { ref, deliveryId, route, view: opened.view, wording }, call);
  return delivered.ok ? allowed(viewChallenge(ref, delivered.value, send, call.caller)) : delivered;
}

function chooseRoute(
  deps: OtpDeps,
  request: ResendCodeRequest,
  seen: ChallengeView,
  send: SealedSend,
  call: Call,
): ChannelRoute | undefined {
  const channel = request.channel ?? Object.values(seen.challenge.deliveries).at(-1)?.channel;
  return channel && routeOf(deps, channel, send.recipient.kind, call.caller.application);
}

function idempotencyOf(deps: OtpDeps, ref: ChallengeRef, request: ResendCodeRequest): { idempotency?: Idempotency } {
  if (!request.idempotencyKey) return {};
  const id = ref.ledger + ref.nonce;
  const key = deps.keyring.digest("idempotency of a resend", id, request.idempotencyKey);
  return { idempotency: { key, content: deps.keyring.digest("resend", id, request.channel ?? "") } };
}
