/** What is tried next by itself: kept in its challenge, and found by its ledger's `wakeAt`. */
import type { OpenChallenge, ResendChallenge } from "../otp/ledger.ts";
import { nextFallback } from "../otp/ledger-messages.ts";
import { type Expression, fromNow, isThere, literal, not, now, orEmptyObject } from "./mongo-expressions.ts";

type Fields = { readonly [field: string]: Expression };

/** As `nextFallback` after the first message: what the challenge gets, and its ledger; nothing where nothing is left to try. */
export function firstFallback({
  fallback,
  message,
}: OpenChallenge): { readonly ofChallenge: Fields; readonly ofLedger: Fields } | undefined {
  const next = fallback && nextFallback(fallback, message.channel, 0);
  if (!next) return undefined;
  const { channels, afterMs } = next;
  if (afterMs === undefined) return { ofChallenge: { fallback: { channels } }, ofLedger: {} };
  const at = fromNow(afterMs);
  return { ofChallenge: { fallback: { channels, afterMs, at } }, ofLedger: { wakeAt: { $min: ["$wakeAt", at] } } };
}

/** As `nextFallback` after a message that took another's place. */
export function laterFallback(challenge: string, { message }: ResendChallenge): Fields {
  const { channels, afterMs } = { channels: `${challenge}.fallback.channels`, afterMs: `${challenge}.fallback.afterMs` };
  const left = { $filter: { input: channels, cond: { $ne: ["$$this", message.channel] } } };
  const at = { $cond: [isThere(afterMs), { $add: [now, afterMs] }, absent] };
  return { fallback: { $cond: [{ $eq: [left, []] }, absent, { channels: left, afterMs, at }] } };
}

export const withoutFallback = (challenge: string): Expression => ({ $unsetField: { field: "fallback", input: challenge } });

/** As `isFallbackDue` of the rules. The id is compared as a value, so it need not be one that could name a field. */
export function isFallbackDue(challenge: string, insteadOf: string): Expression {
  const at = `${challenge}.fallback.at`;
  const isHandedOver: Expression = { $and: [{ $eq: ["$$last.v.state", "sending"] }, { $gt: ["$$last.v.leaseUntil", now] }] };
  const isTimeUp = { $and: [{ $ne: ["$$last.v.state", "delivered"] }, not(isHandedOver), isThere(at), { $lte: [at, now] }] };
  return withLast(challenge, {
    $and: [
      { $eq: ["$$last.k", literal(insteadOf)] },
      isThere(`${challenge}.fallback`),
      { $or: [{ $eq: ["$$last.v.state", "failed"] }, isTimeUp] },
    ],
  });
}

/** The idempotency of the message whose place is taken: that of the last one, as `isFallbackDue` holds. */
export const idempotencyOfLast = (challenge: string): Expression => withLast(challenge, "$$last.v.idempotency");

/** When a fallback of the record wants to be looked at, as `wakeAt` of the rules; a record without any is in no index. */
const wakesAt: Expression = {
  $cond: [
    isThere("$$this.v.fallback.at"),
    withLast("$$this.v", { $cond: [{ $eq: ["$$last.v.state", "failed"] }, new Date(0), "$$this.v.fallback.at"] }),
    null,
  ],
};
export const wakeStage = {
  $set: { wakeAt: { $ifNull: [{ $min: { $map: { input: { $objectToArray: "$open" }, in: wakesAt } } }, "$$REMOVE"] } },
};

/** Fields keep the order they were added in. */
function withLast(challenge: string, expression: Expression): Expression {
  const deliveries = { $objectToArray: orEmptyObject(`${challenge}.deliveries`) };
  return { $let: { vars: { last: { $arrayElemAt: [deliveries, -1] } }, in: expression } };
}

/** Of a field of an object: it is not there. */
const absent = "$$REMOVE";
