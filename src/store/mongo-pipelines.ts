/**
 * The rules of `otp/ledger-rules.ts`, as far as they decide what is written, as update pipelines. A first stage decides and
 * leaves its verdict in the record; the next one writes accordingly, and what a refusal found stays as it was. Why something
 * was refused, and for how long, is then told by the rules themselves, from the record that came back.
 */
import { type ChallengeRef, maxChallenges, type NewMessage, type OpenChallenge, type ResendChallenge, rememberMs } from "../otp/ledger.ts";
import type { LedgerLimits } from "../otp/types.ts";
import { challengePath, fieldName } from "./mongo-document.ts";
import {
  type Expression,
  endedAfter,
  fromNow,
  haveRoom,
  isMissing,
  isThere,
  literal,
  longest,
  not,
  now,
  orEmpty,
  remembered,
  unlocked,
  withNow,
} from "./mongo-expressions.ts";
import { firstFallback, idempotencyOfLast, isFallbackDue, laterFallback, wakeStage, withoutFallback } from "./mongo-fallback.ts";

export type Pipeline = Record<string, Expression>[];

/** The message is the caller's to send. Any other verdict left the record unchanged. */
export const opened = "opened";
export const isVerdict = (verdict: string): Expression => ({ $eq: ["$verdict", verdict] });

export function openPipeline(request: OpenChallenge): Pipeline {
  const { message, limits, subject } = request;
  const challenge = `$${challengePath(request)}`;
  const hasPlace = { $lt: [{ $size: { $objectToArray: "$open" } }, maxChallenges] };
  const mayTakeOver = { $and: [...isPending(challenge, limits), hasMessagesLeft(challenge, limits), ...notRepeated(challenge, message)] };
  const fallback = firstFallback(request);
  const known = fallback ? challenge : withoutFallback(challenge);
  const fresh = {
    ...newChallenge(request),
    ...(subject !== undefined && { subject: { $cond: [isThere(challenge), "$$REMOVE", literal(subject)] } }),
  };
  const parts = [fresh, known, { ...withMessage(challenge, message, limits), ...fallback?.ofChallenge }];
  return [
    forget(limits),
    decideSend([{ $cond: [isThere(challenge), mayTakeOver, hasPlace] }], limits),
    send(request, parts, limits, { keepMs: request.lifetimeMs + rememberMs, more: fallback?.ofLedger }),
  ];
}

export function resendPipeline(request: ResendChallenge): Pipeline {
  const { message, limits, keepPrevious, insteadOf } = request;
  const challenge = `$${challengePath(request)}`;
  const allowed: Expression[] = [
    isMissing(`${challenge}.accepts`),
    ...isPending(challenge, limits),
    hasMessagesLeft(challenge, limits),
    ...notRepeated(challenge, message),
    insteadOf === undefined ? { $lte: [`${challenge}.resendAt`, now] } : isFallbackDue(challenge, insteadOf),
  ];
  const codeHash = literal(message.codeHash);
  const codes: Expression = keepPrevious ? { $concatArrays: [`${challenge}.codes`, [codeHash]] } : [codeHash];
  const decided = decideSend(allowed, limits);
  const before = withoutFallback(challenge);
  if (insteadOf === undefined) return [decided, send(request, [before, { ...withMessage(challenge, message, limits), codes }], limits)];
  const next = { ...withMessage(challenge, message, limits, idempotencyOfLast(challenge)), codes, ...laterFallback(challenge, request) };
  return [decided, send(request, [before, next], limits), wakeStage];
}

export function cancelPipeline(ref: ChallengeRef): Pipeline {
  const path = challengePath(ref);
  const challenge = `$${path}`;
  const canEnd: Expression = { $and: [{ $eq: [`${challenge}.state`, "open"] }, { $gt: [`${challenge}.expiresAt`, now] }] };
  const before = { $ifNull: [`${challenge}.canceledAt`, "$$REMOVE"] };
  const changes = {
    [`${path}.state`]: { $cond: [canEnd, "canceled", `${challenge}.state`] },
    [`${path}.canceledAt`]: { $cond: [canEnd, now, before] },
  };
  return [{ $set: { at: now, ...changes } }];
}

/** Where the challenge is gone, its ledger is still told when to wake next. */
export function endFallbackPipeline(ref: ChallengeRef): Pipeline {
  const challenge = `$${challengePath(ref)}`;
  const ended = withChallenge(ref, [withoutFallback(challenge)]);
  return [{ $set: { open: { $cond: [isThere(`${challenge}.fallback`), ended, "$open"] } } }, wakeStage];
}

/** Clears what counts against a recipient. */
export const forgivePipeline = (): Pipeline => [{ $set: { failures: [], failuresInRow: 0, purgeAt: "$keepUntil" } }];

/** What is decided is left in the record, for the next stage and for the caller. */
export const decide = (verdict: Expression) => ({ $set: { at: now, verdict } });

/** Writes by the verdict. One object that takes the place of many conditional fields: the database works half as long on it. */
export const write = (changes: Expression) => ({ $replaceWith: { $mergeObjects: ["$$ROOT", changes] } });

export const withChallenge = ({ nonce }: Pick<ChallengeRef, "nonce">, parts: Expression[]): Expression => ({
  $mergeObjects: ["$open", { [fieldName(nonce)]: { $mergeObjects: parts } }],
});

/** Open, not expired, with guesses left; false for what is not there. */
export const isPending = (challenge: string, limits: LedgerLimits): Expression[] => [
  { $eq: [`${challenge}.state`, "open"] },
  { $gt: [`${challenge}.expiresAt`, now] },
  { $lt: [`${challenge}.attempts`, limits.guessesPerChallenge] },
];

const hasMessagesLeft = (challenge: string, limits: LedgerLimits): Expression => ({
  $lt: [`${challenge}.sends`, limits.sendsPerChallenge],
});

const decideSend = (allowed: Expression[], limits: LedgerLimits) =>
  decide({ $cond: [{ $and: [...allowed, ...unlocked(limits), ...haveRoom("$sends", limits.sendWindows)] }, opened, "unchanged"] });

type SendMore = { readonly keepMs?: number; readonly more?: { readonly [field: string]: Expression } | undefined };

/** A message, and what it costs the recipient. `$max` passes over what is not there. */
function send(
  ref: ChallengeRef,
  parts: Expression[],
  { sendWindows, failureWindows }: LedgerLimits,
  { keepMs = 0, more = {} }: SendMore = {},
) {
  const until = fromNow(Math.max(longest(sendWindows), longest(failureWindows), keepMs));
  const changes = {
    open: withChallenge(ref, parts),
    sends: withNow("$sends", sendWindows),
    keepUntil: { $max: ["$keepUntil", until] },
    purgeAt: { $max: ["$purgeAt", until] },
    ...more,
  };
  return write({ $cond: [isVerdict(opened), changes, {}] });
}

/** Drops what no rule asks about any more, and makes a record that is new complete. */
export const forget = (limits: LedgerLimits) => ({
  $set: {
    sends: remembered(orEmpty("$sends"), limits.sendWindows),
    failures: remembered(orEmpty("$failures"), limits.failureWindows),
    failuresInRow: { $ifNull: ["$failuresInRow", 0] },
    open: {
      $arrayToObject: {
        $filter: { input: { $objectToArray: { $ifNull: ["$open", {}] } }, cond: endedAfter("$$this.v.expiresAt", rememberMs) },
      },
    },
  },
});

/** The idempotency key is new here; or its last message failed, or fell silent, and whoever asks again takes it over. */
function notRepeated(challenge: string, { idempotency }: NewMessage): Expression[] {
  if (!idempotency) return [];
  const deliveries = { $objectToArray: { $ifNull: [`${challenge}.deliveries`, {}] } };
  const ofKey = { $filter: { input: deliveries, cond: { $eq: ["$$this.v.idempotency.key", literal(idempotency.key)] } } };
  const lapsed: Expression = { $and: [{ $eq: ["$$before.v.state", "sending"] }, { $lte: ["$$before.v.leaseUntil", now] }] };
  const takesOver: Expression = {
    $and: [
      { $eq: ["$$before.v.idempotency.content", literal(idempotency.content)] },
      { $or: [{ $eq: ["$$before.v.state", "failed"] }, lapsed] },
    ],
  };
  return [{ $let: { vars: { before: { $arrayElemAt: [ofKey, -1] } }, in: { $or: [not(isThere("$$before")), takesOver] } } }];
}

export const newChallenge = (request: Pick<OpenChallenge, "purpose" | "context" | "lifetimeMs">) => ({
  state: "open",
  purpose: literal(request.purpose),
  createdAt: now,
  expiresAt: fromNow(request.lifetimeMs),
  context: literal(request.context),
  attempts: 0,
  sends: 0,
  deliveries: {},
  answers: {},
  reuses: 0,
});

function withMessage(
  challenge: string,
  message: NewMessage,
  { cooldownsMs }: LedgerLimits,
  idempotency = idempotencyOf(message),
): { [field: string]: Expression } {
  const delivery = {
    channel: message.channel,
    state: "sending",
    createdAt: now,
    updatedAt: now,
    leaseUntil: fromNow(message.leaseMs),
    ...(idempotency && { idempotency }),
    ...(message.trace !== undefined && { trace: literal(message.trace) }),
  };
  const sends = { $ifNull: [`${challenge}.sends`, 0] };
  const cooldownMs: Expression = cooldownsMs.length > 0 ? { $arrayElemAt: [cooldownsMs, { $min: [sends, cooldownsMs.length - 1] }] } : 0;
  return {
    codes: [literal(message.codeHash)],
    codeLength: message.codeLength,
    sealed: literal(message.sealed),
    sends: { $add: [sends, 1] },
    resendAt: { $add: [now, cooldownMs] },
    deliveries: { $mergeObjects: [`${challenge}.deliveries`, { [fieldName(message.deliveryId)]: delivery }] },
  };
}

export const idempotencyOf = ({ idempotency }: Pick<NewMessage, "idempotency">): Expression | undefined =>
  idempotency && { key: literal(idempotency.key), content: literal(idempotency.content) };
