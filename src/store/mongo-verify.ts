import { forgetFailuresMs, rememberMs, type VerifyChallenge } from "../otp/ledger.ts";
import { ofChallengeAlone } from "../otp/ledger-limits.ts";
import { isUnspent, spending } from "./mongo-claims.ts";
import { challengePath, fieldName } from "./mongo-document.ts";
import {
  attemptsLeft,
  type Expression,
  endedAfter,
  fromNow,
  isMissing,
  isThere,
  literal,
  not,
  now,
  orEmpty,
  unlocked,
  withNow,
} from "./mongo-expressions.ts";
import { decide, isPending, isVerdict, type Pipeline, withChallenge, write } from "./mongo-pipelines.ts";

/** The first three were charged; `reused` was charged apart; anything else left the record unchanged. */
export type VerifyVerdict = "approved" | "mismatch" | "binding_mismatch" | "reused" | "unchanged";

/**
 * How a verdict is left in the record. One that is read from there only later carries a mark, so that nobody takes another's for his own;
 * and what was charged stays with the challenge under that mark, whoever writes to it next.
 */
type Say = (verdict: VerifyVerdict) => string;
const markedWith =
  (mark: string | undefined): Say =>
  (verdict) =>
    mark === undefined ? verdict : `${verdict}.${mark}`;

/** One guess: charged, compared and consumed in one write, so that parallel guesses share neither a charge nor an accept. */
export function verifyPipeline(request: VerifyChallenge, mark?: string): Pipeline {
  const say = markedWith(mark);
  const challenge = `$${challengePath(request)}`;
  const charge = {
    attempts: { $add: [`${challenge}.attempts`, 1] },
    ...(mark !== undefined && { guesses: { $concatArrays: [orEmpty(`${challenge}.guesses`), ["$verdict"]] } }),
  };
  const spent = spending(request.claim, challenge);
  const right = {
    open: withChallenge(request, [challenge, { ...charge, state: "verified", verifiedAt: now, ...spent.ofChallenge }]),
    failures: [],
    failuresInRow: 0,
    purgeAt: "$keepUntil",
    ...spent.ofLedger,
  };
  const wrong = {
    open: withChallenge(request, [challenge, charge]),
    failures: withNow("$failures", request.limits.failureWindows),
    failuresInRow: { $add: ["$failuresInRow", 1] },
    purgeAt: { $max: ["$keepUntil", fromNow(forgetFailuresMs)] },
  };
  return [
    decide(answeredOr(request, challenge, say)),
    write({
      $cond: [isVerdict(say("approved")), right, { $cond: [isWrong(say), request.hidesLock ? lessIfLocked(request, wrong) : wrong, {}] }],
    }),
    ...rememberAnswer(request, say),
  ];
}

function verdictOf(request: VerifyChallenge, challenge: string, say: Say): Expression {
  const { context, limits, hidesLock } = request;
  const sameContext = { $eq: [`${challenge}.context`, literal(context)] };
  const hidden = { $cond: [sameContext, say("mismatch"), say("binding_mismatch")] };
  const isClaimed = isPrepared({ ...request, subjectCharged: true }, challenge);
  const isHidden = { $and: [...isPending(challenge, limits), not({ $and: unlocked(limits) }), ...isClaimed] };
  return {
    $cond: [
      { $and: [...isPending(challenge, limits), ...unlocked(limits), ...isPrepared(request, challenge)] },
      { $cond: [sameContext, { $cond: [isRight(request, challenge), say("approved"), say("mismatch")] }, say("binding_mismatch")] },
      hidesLock ? { $cond: [isHidden, hidden, say("unchanged")] } : say("unchanged"),
    ],
  };
}

/** What is compared with nothing is charged to the challenge only. */
const lessIfLocked = ({ limits }: VerifyChallenge, wrong: { readonly open: Expression; readonly [field: string]: Expression }) => ({
  $cond: [{ $and: unlocked(limits) }, wrong, { open: wrong.open }],
});

/** The claim, and the charge of the subject, are there for a challenge that asks for them. */
const isPrepared = ({ claim, subjectCharged }: VerifyChallenge, challenge: string): Expression[] => [
  ...(claim === undefined ? [isMissing(`${challenge}.accepts`)] : []),
  ...(subjectCharged ? [] : [isMissing(`${challenge}.subject`)]),
];

function isRight({ hashes, claim }: VerifyChallenge, challenge: string): Expression {
  const isCode = { $or: hashes.map((hash) => ({ $in: [literal(hash), `${challenge}.codes`] })) };
  return claim === undefined ? isCode : { $cond: [isThere(`${challenge}.accepts`), isUnspent(claim, challenge), isCode] };
}

const isWrong = (say: Say): Expression => ({ $in: ["$verdict", [say("mismatch"), say("binding_mismatch")]] });

/** A known request id gets its answer, free of charge; with other content it is charged apart, while that budget lasts. */
function answeredOr(guess: VerifyChallenge, challenge: string, say: Say): Expression {
  const { request, limits } = guess;
  const verdict = verdictOf(guess, challenge, say);
  if (!request) return verdict;
  const answer = `${challenge}.answers.${fieldName(request.id)}`;
  const isReuse = {
    $and: [
      { $ne: [`${answer}.content`, literal(request.content)] },
      { $lt: [`${challenge}.reuses`, limits.guessesPerChallenge] },
      endedAfter(`${challenge}.expiresAt`, rememberMs),
    ],
  };
  return { $cond: [isThere(answer), { $cond: [isReuse, say("reused"), say("unchanged")] }, verdict] };
}

/** In a stage of its own, because what is left depends on what was charged. */
function rememberAnswer({ nonce, request, limits, hidesLock }: VerifyChallenge, say: Say): Pipeline {
  if (!request) return [];
  const challenge = `$${challengePath({ nonce })}`;
  const attemptsRemaining = attemptsLeft(challenge, hidesLock ? ofChallengeAlone(limits) : limits);
  const wrong = { $cond: [isVerdict(say("mismatch")), "mismatch", "binding_mismatch"] };
  const verdict = { $cond: [isVerdict(say("approved")), "approved", wrong] };
  const answer = { content: literal(request.content), verdict, attemptsRemaining };
  const answers = { $mergeObjects: [`${challenge}.answers`, { [fieldName(request.id)]: answer }] };
  const withAnswer = { open: withChallenge({ nonce }, [challenge, { answers }]) };
  const withReuse = { open: withChallenge({ nonce }, [challenge, { reuses: { $add: [`${challenge}.reuses`, 1] } }]) };
  const isCharged = { $in: ["$verdict", [say("approved"), say("mismatch"), say("binding_mismatch")]] };
  return [write({ $cond: [isCharged, withAnswer, { $cond: [isVerdict(say("reused")), withReuse, {}] }] })];
}
