/**
 * POST …/Verifications. One recipient has one verification at a time: while it is pending, asking again is a resend under the same
 * SID. The record is reserved before the send and names its idempotency key, so that two requests at once, whichever replica has
 * them, and a retry after a crash all meet the same challenge and send one message.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Challenge, ChallengeState, Channel } from "../../src/gen/countersign/v1/code_service_pb.js";
import { type Answer, unavailable } from "./answer.ts";
import type { Call } from "./call.ts";
import { bindingOf, type SendParameters } from "./parameters.ts";
import { type Details, newNonce, newVersion, sidOf, type VerificationRecord } from "./records.ts";
import { answerRefusal, isAmbiguous, isOver } from "./refusals.ts";
import { channelName, viewVerification } from "./view.ts";

/** Undefined: the record has changed, look again. */
type Step = Answer | undefined;
type Found = { readonly record: VerificationRecord; readonly details: Details };
/** What this request has met so far. */
type Progress = { joined?: string; reused: number };

const rounds = 30;
const waitMs = 250;
/** How often a send with other parameters that was begun, and not ended, is waited for. */
const patience = 4;

export async function startVerification(call: Call, asked: SendParameters): Promise<Answer> {
  const key = call.crypt.keyOf(call.owner, asked.to.key);
  const progress: Progress = { reused: 0 };
  for (let round = 0; round < rounds; round++) {
    const record = await call.store.get(key);
    const details = record && call.crypt.unseal(record);
    const answer = record && details ? await proceed(call, asked, { record, details }, progress) : await reserve(call, asked, key, record);
    if (answer) return answer;
  }
  return unavailable("another request for this recipient is still under way");
}

async function proceed(call: Call, asked: SendParameters, found: Found, progress: Progress): Promise<Step> {
  const { record, details } = found;
  if (details.amount !== asked.amount || details.payee !== asked.payee) return supersede(call, asked, record);
  if (!record.challengeId) return send(call, asked, found, progress);
  if (progress.joined === record.nonce) return show(call, found);
  return resend(call, asked, found);
}

/** Puts a new verification in the place of the record, if nobody else has. */
async function reserve(call: Call, asked: SendParameters, key: string, before: VerificationRecord | undefined): Promise<undefined> {
  const details = { to: asked.to.value, channel: channelName(asked.channel), amount: asked.amount, payee: asked.payee };
  const fresh = { nonce: newNonce(), challengeId: "", sealed: call.crypt.seal(key, details), startedAt: call.now() };
  await call.store.swap(key, before?.version, { key, version: newVersion(), ...fresh });
}

/** Another amount or payee is another transaction: the code for the one before must not confirm anything any more. */
async function supersede(call: Call, asked: SendParameters, record: VerificationRecord): Promise<Step> {
  if (record.challengeId) {
    const { challengeId } = record;
    const canceled = await call.countersign(call.key, (client, options) => client.cancelChallenge({ challengeId }, options));
    if (!canceled.ok && !isOver(canceled.refusal)) return answerRefusal(canceled.refusal, call.path);
  }
  return reserve(call, asked, record.key, record);
}

async function send(call: Call, asked: SendParameters, found: Found, progress: Progress): Promise<Step> {
  const { record } = found;
  progress.joined = record.nonce;
  const sent = await call.countersign(call.key, (client, options) => client.sendCode(requestOf(asked, record), options));
  if (!sent.ok && sent.refusal.reason === "REQUEST_IN_PROGRESS") return pause();
  if (!sent.ok && sent.refusal.reason === "IDEMPOTENCY_KEY_REUSED") {
    delete progress.joined;
    return progress.reused++ < patience ? pause() : reserve(call, asked, record.key, record);
  }
  if (!sent.ok) {
    // Nothing was sent: the next request may be another one. After an ambiguous answer the same is asked again, under the same key.
    if (!isAmbiguous(sent.refusal)) await call.store.swap(record.key, record.version, undefined);
    return answerRefusal(sent.refusal, call.path);
  }
  const { challenge } = sent.value;
  if (challenge?.state !== ChallengeState.PENDING) return reserve(call, asked, record.key, record);
  return (await bind(call, found, challenge)) ? created(call, found, challenge) : undefined;
}

/** Keeps which challenge it is. Whoever shared the send may have been faster, or have taken the record away. */
async function bind(call: Call, { record, details }: Found, challenge: Challenge): Promise<boolean> {
  const { key, version, nonce } = record;
  const sealed = call.crypt.seal(key, { ...details, channel: channelName(challenge.channel) });
  const bound = { ...record, version: newVersion(), challengeId: challenge.challengeId, sealed };
  if (await call.store.swap(key, version, bound)) return true;
  const other = await call.store.get(key);
  if (other) return other.nonce === nonce && other.challengeId === challenge.challengeId;
  return call.store.swap(key, undefined, bound);
}

async function resend(call: Call, asked: SendParameters, found: Found): Promise<Step> {
  const { challengeId } = found.record;
  const request = { challengeId, channel: asked.channel };
  const resent = await call.countersign(call.key, (client, options) => client.resendCode(request, options));
  if (!resent.ok)
    return isOver(resent.refusal) ? reserve(call, asked, found.record.key, found.record) : answerRefusal(resent.refusal, call.path);
  const { challenge } = resent.value;
  if (!challenge) return undefined;
  if (channelName(challenge.channel) !== found.details.channel) await bind(call, found, challenge);
  return created(call, found, challenge);
}

async function show(call: Call, found: Found): Promise<Step> {
  const { challengeId } = found.record;
  const got = await call.countersign(call.key, (client, options) => client.getChallenge({ challengeId }, options));
  if (!got.ok) return answerRefusal(got.refusal, call.path);
  return got.value.challenge && created(call, found, got.value.challenge);
}

const created = (call: Call, found: Found, challenge: Challenge): Answer => ({
  status: 201,
  body: viewVerification(challenge, { ...found, owner: call.owner, baseUrl: call.baseUrl }, call.crypt),
});

const requestOf = (asked: SendParameters, record: VerificationRecord) => ({
  recipient: {
    kind:
      asked.to.kind === "phone"
        ? { case: "phoneNumber" as const, value: asked.to.value }
        : { case: "emailAddress" as const, value: asked.to.value },
  },
  channels: asked.channel === Channel.UNSPECIFIED ? [] : [asked.channel],
  locale: asked.locale,
  binding: bindingOf(asked),
  templateVariables: { ...asked.variables },
  ...(asked.appHash && { autofill: { androidAppHash: asked.appHash } }),
  client: asked.client,
  idempotencyKey: `twilio-verify-${sidOf(record)}`,
});

async function pause(): Promise<undefined> {
  await sleep(waitMs);
}
