/** The rules of `otp/ledger-authenticators.ts`, as far as they decide what is written, as update pipelines. */
import { type ChargeSubject, forgetFailuresMs, maxChallenges, type OpenUnsent, rememberMs } from "../otp/ledger.ts";
import { challengePath, fieldName } from "./mongo-document.ts";
import { type Expression, fromNow, isMissing, literal, longest, now, orEmptyObject, unlocked, withNow } from "./mongo-expressions.ts";
import { decide, forget, idempotencyOf, isVerdict, newChallenge, opened, type Pipeline, write } from "./mongo-pipelines.ts";

export const charged = "charged";

export function openUnsentPipeline(request: OpenUnsent): Pipeline {
  const { limits, nonce } = request;
  const idempotency = idempotencyOf(request);
  const challenge = {
    ...newChallenge(request),
    resendAt: now,
    codes: [],
    codeLength: 0,
    sealed: literal(request.sealed),
    accepts: request.accepts,
    ...(idempotency && { idempotency }),
  };
  const until = fromNow(Math.max(longest(limits.sendWindows), longest(limits.failureWindows), request.lifetimeMs + rememberMs));
  const changes = {
    open: { $mergeObjects: [newestChallenges(maxChallenges - 1), { [fieldName(nonce)]: challenge }] },
    keepUntil: { $max: ["$keepUntil", until] },
    purgeAt: { $max: ["$purgeAt", until] },
  };
  const allowed = [isMissing(`$${challengePath(request)}`), ...unlocked(limits), ...(request.hideAbsence ? [] : [canAnswer(request)])];
  return [forget(limits), decide({ $cond: [{ $and: allowed }, opened, "unchanged"] }), write({ $cond: [isVerdict(opened), changes, {}] })];
}

export function chargePipeline({ limits }: ChargeSubject): Pipeline {
  const until = fromNow(Math.max(longest(limits.sendWindows), longest(limits.failureWindows)));
  const changes = {
    failures: withNow("$failures", limits.failureWindows),
    failuresInRow: { $add: ["$failuresInRow", 1] },
    keepUntil: { $max: ["$keepUntil", until] },
    purgeAt: { $max: ["$purgeAt", fromNow(forgetFailuresMs)] },
  };
  return [
    forget(limits),
    decide({ $cond: [{ $and: unlocked(limits) }, charged, "unchanged"] }),
    write({ $cond: [isVerdict(charged), changes, {}] }),
  ];
}

/** Some active authenticator is of a kind that answers. */
const canAnswer = ({ accepts }: OpenUnsent): Expression => {
  const answers = { $and: [isMissing("$$this.v.confirmBy"), { $in: ["$$this.v.kind", accepts] }] };
  const answering = { $filter: { input: { $objectToArray: orEmptyObject("$authenticators") }, cond: answers } };
  return { $gt: [{ $size: answering }, 0] };
};

/** Fields keep the order they were added in, which is that of their opening. */
const newestChallenges = (count: number): Expression => ({ $arrayToObject: { $slice: [{ $objectToArray: "$open" }, -count] } });
