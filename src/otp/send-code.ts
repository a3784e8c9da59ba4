import type { Challenge, SendCodeRequest } from "./challenge.ts";
import { formatChallengeId, nonceBytes } from "./challenge-id.ts";
import { type CheckedSend, checkSend } from "./check-send.ts";
import { generateCode } from "./code.ts";
import { contextOf, flatten } from "./context.ts";
import { deliver } from "./deliver.ts";
import type { OtpDeps } from "./deps.ts";
import { hashCode } from "./hash-code.ts";
import type { ChallengeRef, Idempotency, OpenChallenge } from "./ledger.ts";
import { maskRecipient } from "./mask.ts";
import { leaseMs, newDeliveryId } from "./message.ts";
import { allowed, type Result } from "./refusal.ts";
import { orUnavailable, refuse } from "./refuse.ts";
import { type SealedSend, sealSend, unsealSend } from "./sealed-send.ts";
import type { Call } from "./types.ts";
import { viewChallenge } from "./view-challenge.ts";

/** Opens a challenge and sends its code. */
export async function sendCode(deps: OtpDeps, request: SendCodeRequest, call: Call): Promise<Result<Challenge>> {
  // 1. One identity per recipient, before any limit, look-up or send.
  const checked = checkSend(deps, request, call.caller);
  const result = checked.ok ? await orUnavailable(sendChecked(deps, request, checked.value, call)) : checked;
  deps.events.codeSent({
    application: call.caller.application.id,
    reason: result.ok ? "OK" : result.refusal.reason,
    ...(checked.ok && {
      recipient: maskRecipient(checked.value.recipient),
      channel: checked.value.route.channel,
      purpose: checked.value.purpose,
    }),
    ...(result.ok && { challengeId: result.value.challengeId }),
  });
  return result;
}

async function sendChecked(deps: OtpDeps, request: SendCodeRequest, checked: CheckedSend, call: Call): Promise<Result<Challenge>> {
  const { application } = call.caller;
  const { recipient, recipientKey, route, purpose, locale } = checked;
  // 2. Name the challenge. With an idempotency key its name follows from the key, so that a retry meets it.
  const ledger = deps.keyring.ledgerOf(application.id, recipientKey);
  const nonce = request.idempotencyKey
    ? deps.keyring.nonceOf(ledger, request.idempotencyKey)
    : Buffer.from(deps.random(nonceBytes)).toString("base64url");
  const ref = { ledger, nonce, application: application.id };
  // 3. Make the code. From here on it exists in this call and in the message, and its keyed hash in the store.
  const code = generateCode(deps.random, application.code.length, application.code.alphabet);
  const context = contextOf(deps.keyring, application.id, purpose, request.binding);
  const [codeHash] = await hashCode(deps, ref, context, code, call);
  const send: SealedSend = {
    recipient,
    binding: request.binding,
    locale,
    variables: request.templateVariables,
    autofill: request.autofill,
  };
  const deliveryId = newDeliveryId(deps.random);
  // 4. Open it: limits, idempotency key and the lock on the send are decided in one atomic write, before any money is spent.
  call.signal.throwIfAborted();
  const open: OpenChallenge = {
    ...ref,
    purpose,
    context,
    lifetimeMs: application.code.lifetimeMs,
    limits: application.limits,
    message: {
      deliveryId,
      channel: route.channel,
      codeHash,
      codeLength: code.length,
      sealed: sealSend(deps.keyring, ref, send),
      leaseMs: leaseMs(deps),
      ...idempotencyOf(deps, ref, request, checked),
    },
  };
  const opened = await deps.ledgers.open(open);
  if (opened.status === "replayed") {
    return allowed(viewChallenge(ref, opened.view, unsealSend(deps.keyring, ref, opened.view.challenge.sealed), call.caller));
  }
  if (opened.status !== "opened") return refuse(opened);
  // 5. Deliver, record, answer.
  const { challenge, now } = opened.view;
  const wording = { application, recipient, code, purpose, binding: request.binding, locale, variables: request.templateVariables };
  const lifetimeMs = challenge.expiresAt - now;
  const delivered = await deliver(
    deps,
    { ref, deliveryId, route, view: opened.view, wording: { ...wording, autofill: request.autofill, lifetimeMs } },
    call,
  );
  return delivered.ok ? allowed(viewChallenge(ref, delivered.value, send, call.caller)) : delivered;
}

/** What a retry under the same key must repeat to be the same request. The end user's device and captcha may differ. */
function idempotencyOf(deps: OtpDeps, ref: ChallengeRef, request: SendCodeRequest, checked: CheckedSend): { idempotency?: Idempotency } {
  if (!request.idempotencyKey) return {};
  const { digest } = deps.keyring;
  const { androidAppHash, webOrigin } = request.autofill;
  const maps = [flatten(request.binding), flatten(request.templateVariables)].map((list) => JSON.stringify(list));
  const content = [request.channels.join(), checked.purpose, checked.locale, androidAppHash, webOrigin, checked.recipient.value, ...maps];
  return {
    idempotency: {
      key: digest("idempotency", formatChallengeId(ref), request.idempotencyKey),
      content: digest("send", formatChallengeId(ref), ...content),
    },
  };
}
