import { forgetFailuresMs, rememberMs, type VerifyChallenge } from "../otp/ledger.ts";
import { challengePath, fieldName } from "./mongo-document.ts";
import { attemptsLeft, type Expression, endedAfter, fromNow, isThere, literal, now, unlocked, withNow } from "./mongo-expressions.ts";
import { decide, isPending, type Pipeline, withChallenge, write } from "./mongo-pipelines.ts";

/** The first three were charged; `reused` was charged apart; anything else left the record unchanged. */
export type VerifyVerdict = "approved" | "mismatch" | "binding_mismatch" | "reused" | "unchanged";

/** One guess: charged, compared and consumed in one write, so that parallel guesses share neither a charge nor an accept. */
export function verifyPipeline(request: VerifyChallenge): Pipeline {
  const challenge = `$${challengePath(request)}`;
  const attempts = { $add: [`${challenge}.attempts`, 1] };
  const right = {
    open: withChallenge(request, [challenge, { attempts, state: "verified", verifiedAt: now }]),
    failures: [],
    failuresInRow: 0,
    purgeAt: "$keepUntil",
  };
  const wrong = {
    open: withChallenge(request, [challenge, { attempts }]),
    failures: withNow("$failures", request.limits.failureWindows),
    failuresInRow: { $add: ["$failuresInRow", 1] },
    purgeAt: fromNow(forgetFailuresMs),
  };
  return [
    decide(answeredOr(request, challenge, verdictOf(request, challenge))),
    write({ $cond: [isVerdict("approved"), right, { $cond: [isWrong, wrong, {}] }] }),
    ...rememberAnswer(request),
  ];
}

function verdictOf({ context, hashes, limits }: VerifyChallenge, challenge: string): Expression {
  const isRight = { $or: hashes.map((hash) => ({ $in: [literal(hash), `${challenge}.codes`] })) };
  const sameContext = { $eq: [`${challenge}.context`, literal(context)] };
  return {
    $cond: [
      { $and: [...isPending(challenge, limits), ...unlocked(limits)] },
      { $cond: [sameContext, { $cond: [isRight, "approved", "mismatch"] }, "binding_mismatch"] },
      "unchanged",
    ],
  };
}

const isVerdict = (verdict: VerifyVerdict): Expression => ({ $eq: ["$verdict", verdict] });
const isWrong: Expression = { $or: [isVerdict("mismatch"), isVerdict("binding_mismatch")] };

/** A known request id gets its answer, free of charge; with other content it is charged apart, while that budget lasts. */
function answeredOr({ request, limits }: VerifyChallenge, challenge: string, verdict: Expression): Expression {
  if (!request) return verdict;
  const answer = `${challenge}.answers.${fieldName(request.id)}`;
  const isReuse = {
    $and: [
      { $ne: [`${answer}.content`, literal(request.content)] },
      { $lt: [`${challenge}.reuses`, limits.guessesPerChallenge] },
      endedAfter(`${challenge}.expiresAt`, rememberMs),
    ],
  };
  return { $cond: [isThere(answer), { $cond: [isReuse, "reused", "unchanged"] }, verdict] };
}

/** In a stage of its own, because what is left depends on what was charged. */
function rememberAnswer({ nonce, request, limits }: VerifyChallenge): Pipeline {
  if (!request) return [];
  const challenge = `$${challengePath({ nonce })}`;
  const answer = { content: literal(request.content), verdict: "$verdict", attemptsRemaining: attemptsLeft(challenge, limits) };
  const answers = { $mergeObjects: [`${challenge}.answers`, { [fieldName(request.id)]: answer }] };
  const withAnswer = { open: withChallenge({ nonce }, [challenge, { answers }]) };
  const withReuse = { open: withChallenge({ nonce }, [challenge, { reuses: { $add: [`${challenge}.reuses`, 1] } }]) };
  const isCharged = { $or: [isVerdict("approved"), isWrong] };
  return [write({ $cond: [isCharged, withAnswer, { $cond: [isVerdict("reused"), withReuse, {}] }] })];
}
