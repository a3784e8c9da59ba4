import { type AuthenticatorKind, authenticatorKinds } from "./authenticator.ts";
import type { Challenge, SendCodeRequest } from "./challenge.ts";
import { formatChallengeId, nonceBytes } from "./challenge-id.ts";
import { invalid, type Violations } from "./check.ts";
import { checkFields } from "./check-send.ts";
import { contextOf, flatten } from "./context.ts";
import { decoyOf } from "./decoy.ts";
import type { OtpDeps } from "./deps.ts";
import { idempotencyKeyOf, isHidden } from "./hide.ts";
import type { ChallengeRef, Idempotency } from "./ledger.ts";
import { maskRecipient } from "./mask.ts";
import { allowed, type Result, refused } from "./refusal.ts";
import { orUnavailable, refuse } from "./refuse.ts";
import { type SealedSend, sealSend, unsealSend } from "./sealed-send.ts";
import type { Call, Channel, Recipient } from "./types.ts";
import { viewChallenge } from "./view-challenge.ts";

/** Opens a challenge that a subject's authenticators answer. Nothing is sent. */
export async function openAuthenticatorChallenge(deps: OtpDeps, request: SendCodeRequest, call: Call): Promise<Result<Challenge>> {
  const { application } = call.caller;
  const checked = checkOpen(deps, request, call);
  const result = checked.ok ? await orUnavailable(open(deps, request, checked.value, call)) : checked;
  deps.events.codeSent({
    application: application.id,
    reason: result.ok ? "OK" : result.refusal.reason,
    ...(checked.ok && {
      recipient: maskRecipient(checked.value.recipient),
      channel: checked.value.accepts[0],
      purpose: checked.value.purpose,
    }),
    ...(result.ok && { challengeId: result.value.challengeId }),
  });
  return result;
}

type Checked = {
  readonly recipient: Recipient;
  readonly ledger: string;
  readonly accepts: readonly [AuthenticatorKind, ...AuthenticatorKind[]];
  readonly purpose: string;
};

function checkOpen(deps: OtpDeps, request: SendCodeRequest, { caller: { application } }: Call): Result<Checked> {
  const violations: Violations = [];
  const purpose = checkFields(violations, request, application);
  const parsed = request.recipient && deps.parseRecipient(request.recipient, application);
  if (parsed && !parsed.ok) violations.push(parsed.violation);
  const accepts = checkKinds(violations, request.channels);
  if (request.subject !== "") violations.push({ field: "subject", description: "the recipient is the subject already; leave it out" });
  if (request.automaticFallback)
    violations.push({ field: "automatic_fallback", description: "nothing is sent by authenticators, and nothing falls back" });
  const [first, ...others] = accepts;
  if (violations.length > 0 || !parsed?.ok || !first) return invalid(violations);
  const ledger = deps.keyring.ledgerOf(application.id, parsed.key);
  return allowed({ recipient: parsed.recipient, ledger, accepts: [first, ...others], purpose });
}

function checkKinds(violations: Violations, channels: readonly Channel[]): AuthenticatorKind[] {
  const names = authenticatorKinds.map((kind) => `CHANNEL_${kind.toUpperCase()}`).join(", ");
  if (channels.length === 0) violations.push({ field: "channels", description: `name what may answer for the subject, of ${names}` });
  if (new Set(channels).size < channels.length) violations.push({ field: "channels", description: "name each channel once" });
  return channels.slice(0, authenticatorKinds.length + 1).flatMap((channel, index) => {
    const kind = authenticatorKinds.find((each) => each === channel);
    if (!kind) violations.push({ field: `channels[${index}]`, description: `does not reach a subject; write some of ${names}` });
    return kind ? [kind] : [];
  });
}

async function open(deps: OtpDeps, request: SendCodeRequest, checked: Checked, call: Call): Promise<Result<Challenge>> {
  const { caller, signal } = call;
  const { application } = caller;
  const { recipient, ledger, accepts, purpose } = checked;
  const nonce = request.idempotencyKey
    ? deps.keyring.nonceOf(ledger, idempotencyKeyOf(request.idempotencyKey, call))
    : Buffer.from(deps.random(nonceBytes)).toString("base64url");
  const named = { ledger, nonce, application: application.id };
  // 1. How often a browser may ask: each challenge for a subject of its invention would buy it guesses that cost us a slow hash.
  const leave = await admitBrowser(deps, request, checked, call);
  if (!leave.ok) return leave;
  // 2. Open it: the subject's budget and the idempotency key are decided in one atomic write.
  signal.throwIfAborted();
  const { binding, autofill, client } = request;
  const sealed: SealedSend = { recipient, binding, locale: application.defaultLocale, variables: {}, autofill, client };
  const tryOpen = (ref: ChallengeRef) => {
    const idempotency = idempotencyOf(deps, ref, request, checked);
    return deps.ledgers.openUnsent({
      ...ref,
      purpose,
      context: contextOf(deps.keyring, application.id, purpose, binding),
      lifetimeMs: application.code.lifetimeMs,
      limits: application.limits,
      accepts,
      sealed: sealSend(deps.keyring, ref, sealed),
      // Who has enrolled is no business of a browser's: a subject that nobody knows looks like any other to it.
      hideAbsence: caller.kind === "browser",
      ...(idempotency && { idempotency }),
    });
  };
  const first = await tryOpen(named);
  // Nor is who is locked: by others' guesses, if not by its own.
  const ref = isHidden(first, call) ? decoyOf(deps.keyring, named) : named;
  const opened = ref === named ? first : await tryOpen(ref);
  if (opened.status !== "opened") await leave.value();
  if ("view" in opened)
    return allowed(viewChallenge(ref, opened.view, unsealSend(deps.keyring, ref, opened.view.challenge.sealed), caller));
  if (opened.status !== "no_authenticator") return refuse(opened);
  return refused("AUTHENTICATOR_NOT_FOUND", "the subject has no authenticator in use of the kinds that channels names");
}

/** Gives what takes it back, should nothing be opened. */
async function admitBrowser(
  deps: OtpDeps,
  { client, captchaToken }: SendCodeRequest,
  { recipient, ledger, accepts, purpose }: Checked,
  { caller, signal }: Call,
): Promise<Result<() => Promise<void>>> {
  if (caller.kind !== "browser" || !deps.guard) return allowed(async () => {});
  const ask = { caller, recipient, ledger, channel: accepts[0], purpose, occasion: "send", client, captchaToken, unsent: true } as const;
  const admission = await deps.guard.admit(ask, signal);
  if (admission.outcome === "refused") return { ok: false, refusal: admission.refusal };
  return allowed(async () => admission.release?.());
}

/** What a retry under the same key must repeat to be the same request. */
function idempotencyOf(deps: OtpDeps, ref: ChallengeRef, request: SendCodeRequest, checked: Checked): Idempotency | undefined {
  if (!request.idempotencyKey) return undefined;
  const { digest } = deps.keyring;
  const id = formatChallengeId(ref);
  const content = [checked.accepts.join(), checked.purpose, JSON.stringify(flatten(request.binding))];
  return { key: digest("idempotency", id, request.idempotencyKey), content: digest("open", id, ...content) };
}
