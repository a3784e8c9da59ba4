import type { Verification, VerifyCodeRequest } from "./challenge.ts";
import { challengeNamed, formatChallengeId, parseChallengeId } from "./challenge-id.ts";
import { checkChallengeId, checkEntries, checkKey, checkPurpose, invalid, maxBinding, type Violations } from "./check.ts";
import { normalizeGuess } from "./code.ts";
import { contextOf } from "./context.ts";
import { decideGuess } from "./decide-guess.ts";
import type { OtpDeps } from "./deps.ts";
import { stretchCode } from "./hash-code.ts";
import { isForAnother } from "./hide.ts";
import { anyHashEqual } from "./keyring.ts";
import type { ChallengeRef, ChallengeView, VerifyOutcome } from "./ledger.ts";
import { maskRecipient } from "./mask.ts";
import { proofOf } from "./proof.ts";
import { allowed, type Result, refused } from "./refusal.ts";
import { challengeNotFound, orUnavailable, refuse } from "./refuse.ts";
import { unsealSend } from "./sealed-send.ts";
import type { Call } from "./types.ts";
import { channelOf } from "./view-challenge.ts";

/** A code of ten characters with whatever spaces and hyphens a person puts between them. */
const maxTyped = 64;

/** Checks a code and consumes it: `ok` means right. */
export async function verifyCode(deps: OtpDeps, request: VerifyCodeRequest, call: Call): Promise<Result<Verification>> {
  const result = await orUnavailable(verify(deps, request, call));
  deps.events.codeVerified({
    application: call.caller.application.id,
    reason: result.ok ? "OK" : result.refusal.reason,
    ...challengeNamed(request.challengeId),
    ...(result.ok && { channel: result.value.channel, recipient: maskRecipient(result.value.recipient), purpose: result.value.purpose }),
  });
  return result;
}

async function verify(deps: OtpDeps, request: VerifyCodeRequest, call: Call): Promise<Result<Verification>> {
  const { application } = call.caller;
  // 1. What cannot be a code costs no guess.
  const checked = checkVerify(request, call);
  if (!checked.ok) return checked;
  const ref = parseChallengeId(request.challengeId, application.id);
  if (!ref) return challengeNotFound();
  // 2. The submitted code under every live key.
  const context = contextOf(deps.keyring, application.id, request.purpose || application.defaultPurpose, request.binding);
  const stretched = await stretchCode(deps, ref, checked.value, call);
  const hashes = deps.keyring.hashCode(ref, context, stretched);
  call.signal.throwIfAborted();
  // 3. Charge the attempt, compare and consume, in one atomic write: parallel calls cannot share a guess or an accept.
  const guess = { ...ref, context, hashes, limits: application.limits, ...requestOf(deps, ref, request, [context, stretched]) };
  const decided = await decideGuess(deps, guess, checked.value, call);
  if (!decided.ok) return decided;
  const outcome = decided.value;
  if (outcome.status !== "approved") return notApproved(outcome);
  // 4. Believe the store only about what it stored: compare again, in constant time.
  const { challenge } = outcome.view;
  if (challenge.accepts ? !challenge.verifiedBy : !anyHashEqual(challenge.codes, hashes))
    throw new Error("the store approved a code whose hash it does not hold");
  // 5. Whose guess it was besides is no failure of theirs.
  if (challenge.subject !== undefined && challenge.verifiedAt === outcome.view.now) await deps.ledgers.forgive(challenge.subject);
  // 6. Sign what was verified. Whatever fails from here on, a retry with the same request id is answered with it.
  return allowed(await verificationOf(deps, ref, outcome.view));
}

function checkVerify(request: VerifyCodeRequest, call: Call): Result<string> {
  const { application } = call.caller;
  const violations: Violations = [];
  checkChallengeId(violations, request.challengeId);
  checkPurpose(violations, request.purpose);
  if (request.purpose !== "" && isForAnother(request, call))
    violations.push({ field: "purpose", description: "is not among those that this key is for" });
  checkEntries(violations, "binding", request.binding, maxBinding);
  checkKey(violations, "request_id", request.requestId);
  const { alphabet } = application.code;
  const code = request.code.length > maxTyped ? undefined : normalizeGuess(request.code, alphabet);
  if (code === undefined) {
    const what = alphabet === "digits" ? "digits" : "letters and digits";
    violations.push({ field: "code", description: `write the 4 to 10 ${what} of the message` });
  }
  return violations.length > 0 || code === undefined ? invalid(violations) : allowed(code);
}

/** By no code key, since each step of their rotation would make a retry across it another request. */
function requestOf(deps: OtpDeps, ref: ChallengeRef, request: VerifyCodeRequest, asked: readonly string[]) {
  if (!request.requestId) return {};
  const id = ref.ledger + ref.nonce;
  const content = deps.keyring.digest("verify", id, ...asked);
  return { request: { id: deps.keyring.digest("request", id, request.requestId), content } };
}

function notApproved(outcome: Exclude<VerifyOutcome, { status: "approved" }>): Result<never> {
  switch (outcome.status) {
    case "mismatch":
      return refused("CODE_MISMATCH", "wrong code", { metadata: { attempts_remaining: String(outcome.attemptsRemaining) } });
    case "binding_mismatch":
      return refused("BINDING_MISMATCH", "purpose or binding are not those of the challenge", {
        metadata: { attempts_remaining: String(outcome.attemptsRemaining) },
      });
    case "request_reused":
      return refused("IDEMPOTENCY_KEY_REUSED", "this request_id was used with other content; use a new one for another guess");
    case "unprepared":
      throw new Error("the store asked for what it was given");
    default:
      return refuse(outcome);
  }
}

async function verificationOf(deps: OtpDeps, ref: ChallengeRef, { challenge, now }: ChallengeView): Promise<Verification> {
  const { recipient, binding, client, simSwappedAt } = unsealSend(deps.keyring, ref, challenge.sealed);
  const channel = channelOf(challenge);
  // A retry is answered with what was verified then, and counts once.
  if (challenge.verifiedAt === now && !challenge.accepts)
    deps.traffic?.verified({ application: ref.application, recipient, client, channel });
  const verified = {
    recipient,
    channel,
    purpose: challenge.purpose,
    verifiedAt: challenge.verifiedAt ?? now,
  };
  const proofToken =
    (await deps.signer?.sign(proofOf(deps.keyring, ref, { ...verified, ...(simSwappedAt !== undefined && { simSwappedAt }) }, binding))) ??
    "";
  const left = challenge.verifiedBy === "recovery_code" ? await recoveryCodesLeft(deps, ref) : undefined;
  return { challengeId: formatChallengeId(ref), ...verified, proofToken, ...(left !== undefined && { recoveryCodesRemaining: left }) };
}

/** As of now: a retry may be told of fewer than there were then. */
async function recoveryCodesLeft({ ledgers }: OtpDeps, { ledger }: ChallengeRef): Promise<number> {
  const { authenticators = {} } = (await ledgers.inspect(ledger))?.ledger ?? {};
  return Object.values(authenticators).reduce((sum, { unused = [] }) => sum + unused.length, 0);
}
