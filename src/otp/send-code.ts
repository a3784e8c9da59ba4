import { admit } from "./admit.ts";
import type { Challenge, SendCodeRequest } from "./challenge.ts";
import { nonceBytes } from "./challenge-id.ts";
import { type CheckedSend, checkSend } from "./check-send.ts";
import { deliver } from "./deliver.ts";
import type { OtpDeps } from "./deps.ts";
import { fallBack } from "./fall-back.ts";
import { idempotencyKeyOf } from "./hide.ts";
import { maskRecipient } from "./mask.ts";
import { openAuthenticatorChallenge } from "./open-authenticator-challenge.ts";
import { openSend } from "./open-send.ts";
import { allowed, type Result } from "./refusal.ts";
import { orUnavailable, refuse } from "./refuse.ts";
import { sandboxCode } from "./sandbox.ts";
import { type SealedSend, tellSimSwap, unsealSend } from "./sealed-send.ts";
import { sentBefore } from "./sent-before.ts";
import type { Call } from "./types.ts";
import { viewChallenge } from "./view-challenge.ts";

/** Opens a challenge and sends its code. */
export async function sendCode(deps: OtpDeps, request: SendCodeRequest, call: Call): Promise<Result<Challenge>> {
  const { application } = call.caller;
  if (deps.authenticators && request.recipient?.kind === "subject") return openAuthenticatorChallenge(deps, request, call);
  // 1. One identity per recipient, before any limit, look-up or send.
  const checked = checkSend(deps, request, call.caller);
  const result = checked.ok ? await orUnavailable(send(deps, request, checked.value, call)) : checked;
  deps.events.codeSent({
    application: application.id,
    reason: result.ok ? "OK" : result.refusal.reason,
    ...(checked.ok && {
      recipient: maskRecipient(checked.value.recipient),
      channel: checked.value.routes[0].channel,
      purpose: checked.value.purpose,
      ...(sandboxCode(application, checked.value.recipient) !== undefined && { sandbox: true }),
    }),
    ...(result.ok && { challengeId: result.value.challengeId, channel: result.value.channel }),
  });
  return result;
}

async function send(deps: OtpDeps, request: SendCodeRequest, checked: CheckedSend, call: Call): Promise<Result<Challenge>> {
  const { caller, signal } = call;
  const { application } = caller;
  const { recipient, recipientKey, routes, purpose } = checked;
  // 2. Name the challenge. With an idempotency key its name follows from the key, so that a retry meets it.
  const ledger = deps.keyring.ledgerOf(application.id, recipientKey);
  const nonce = request.idempotencyKey
    ? deps.keyring.nonceOf(ledger, idempotencyKeyOf(request.idempotencyKey, call))
    : Buffer.from(deps.random(nonceBytes)).toString("base64url");
  const named = { ledger, nonce, application: application.id };
  // 3. Who may ask, how often, and where to.
  const { client, captchaToken } = request;
  const leave = await admit(deps, { caller, recipient, ledger, routes, purpose, client, captchaToken, occasion: "send" }, signal);
  if (!leave.ok) return (await sentBefore(deps, { ref: named, request, checked }, call)) ?? leave;
  const { route, confirm, release, startedAt } = leave.value;
  // 4. Make the code, which from here on exists in this call and in the message, and open its challenge: the recipient's limits, the
  // idempotency key and the lock on the send are decided in one atomic write, before any money is spent.
  const sealed = tellSimSwap(sealedSend(request, checked), leave.value);
  const opening = await openSend(deps, { ref: named, request, checked, leave: leave.value, sealed }, call);
  const { ref, outcome: opened, code, message, suppressed, why } = opening;
  if (opened.status !== "opened") await release();
  if (opened.status === "replayed") {
    return allowed(viewChallenge(ref, opened.view, unsealSend(deps.keyring, ref, opened.view.challenge.sealed), caller));
  }
  if (opened.status !== "opened") return refuse(opened);
  if (!suppressed) confirm();
  // 5. Deliver, by the next channel where nobody takes it; record, answer.
  const { view } = opened;
  const wording = { application, code, purpose, lifetimeMs: view.challenge.expiresAt - view.now, ...sealed };
  const first = await deliver(deps, { ref, deliveryId: message.deliveryId, route, view, wording, suppressed, why, startedAt }, call);
  const delivered = first.refusal ? ((await fallBack(deps, { ref, view: first.view, send: sealed }, call)) ?? first) : first;
  return delivered.refusal ? { ok: false, refusal: delivered.refusal } : allowed(viewChallenge(ref, delivered.view, sealed, caller));
}

const sealedSend = (request: SendCodeRequest, { recipient, locale }: CheckedSend): SealedSend => ({
  recipient,
  binding: request.binding,
  locale,
  variables: request.templateVariables,
  autofill: request.autofill,
  client: request.client,
});
