import { admit } from "./admit.ts";
import type { Challenge, ResendCodeRequest } from "./challenge.ts";
import { challengeNamed, parseChallengeId } from "./challenge-id.ts";
import { checkChallengeId, checkKey, invalid, type Violations } from "./check.ts";
import { routeOf, usableChannels } from "./check-send.ts";
import { isDecoy } from "./decoy.ts";
import { deliver } from "./deliver.ts";
import type { OtpDeps } from "./deps.ts";
import { isForAnother, isHidden } from "./hide.ts";
import type { ChallengeRef, ChallengeView, Idempotency } from "./ledger.ts";
import { withoutRecipient } from "./ledger-limits.ts";
import { newMessage } from "./new-message.ts";
import type { ChannelRoute } from "./ports.ts";
import { allowed, type Result } from "./refusal.ts";
import { challengeNotFound, orUnavailable, refuse } from "./refuse.ts";
import { type SealedSend, tellSimSwap, unsealSend } from "./sealed-send.ts";
import type { Call, LedgerLimits } from "./types.ts";
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
  // 1. Who it goes to and by which channel. Nothing is decided on what is read here: step 3 decides, in one atomic write.
  const seen = ref && (await deps.ledgers.read(ref));
  if (!seen || isForAnother(seen.challenge, call)) return challengeNotFound();
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

async function resendBy(deps: OtpDeps, { ref, seen, send: before, route, request }: Resend, call: Call): Promise<Result<Challenge>> {
  const { caller, signal } = call;
  const { application } = caller;
  const { context, purpose } = seen.challenge;
  const { recipient, client } = before;
  const { channel } = route;
  // 2. Who may ask, how often, and where to.
  const asked = { caller, recipient, ledger: ref.ledger, purpose, client, captchaToken: "" };
  const leave = await admit(deps, { ...asked, routes: [route], occasion: "resend" }, signal);
  if (!leave.ok) return leave;
  const { confirm, release, startedAt, why: notAdmitted } = leave.value;
  const send = tellSimSwap(before, leave.value);
  const idempotency = idempotencyOf(deps, ref, request);
  // 3. Replace the code, under every limit and the idempotency key, and take the lock on the send.
  const replace = async (suppressed: boolean, limits: LedgerLimits) => {
    const { code, message } = await newMessage(deps, { ref, context, channel, send, idempotency, suppressed }, call);
    signal.throwIfAborted();
    const opened = await deps.ledgers.resend({ ...ref, message, keepPrevious: application.code.keepPrevious, limits });
    return { opened, code, message, suppressed };
  };
  const first = await replace(leave.value.suppressed || isDecoy(deps.keyring, ref), application.limits);
  const replaced = isHidden(first.opened, call) ? await replace(true, withoutRecipient(application.limits)) : first;
  const { opened, code, message, suppressed } = replaced;
  if (opened.status !== "opened") await release();
  if (opened.status === "replayed") return allowed(viewChallenge(ref, opened.view, send, caller));
  if (opened.status === "not_due") throw new Error("the store took a resend for a fallback");
  if (opened.status !== "opened") return refuse(opened);
  if (!suppressed) confirm();
  // 4. Deliver, record, answer.
  const { view } = opened;
  const wording = { application, code, purpose, lifetimeMs: view.challenge.expiresAt - view.now, ...send };
  const why = notAdmitted ?? (replaced === first ? "decoy" : `recipient ${first.opened.status}`);
  const delivered = await deliver(deps, { ref, deliveryId: message.deliveryId, route, view, wording, suppressed, why, startedAt }, call);
  return delivered.refusal ? { ok: false, refusal: delivered.refusal } : allowed(viewChallenge(ref, delivered.view, send, caller));
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

function idempotencyOf(deps: OtpDeps, ref: ChallengeRef, request: ResendCodeRequest): Idempotency | undefined {
  if (!request.idempotencyKey) return undefined;
  const id = ref.ledger + ref.nonce;
  const key = deps.keyring.digest("idempotency of a resend", id, request.idempotencyKey);
  return { key, content: deps.keyring.digest("resend", id, request.channel ?? "") };
}
