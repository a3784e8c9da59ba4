/** The rules of `otp/authenticator-rules.ts`, as far as they decide what is written, as update pipelines. */
import type { AddAuthenticators, NewAuthenticator, ProveAuthenticator, RemoveAuthenticator } from "../otp/authenticator-requests.ts";
import { forgetFailuresMs, rememberMs } from "../otp/ledger.ts";
import { never } from "../otp/ledger-limits.ts";
import type { LedgerLimits } from "../otp/types.ts";
import { fieldName } from "./mongo-document.ts";
import { type Expression, fromNow, isThere, longest, not, now, orEmptyObject, unlocked, withNow } from "./mongo-expressions.ts";
import { decide, forget, isVerdict, type Pipeline, write } from "./mongo-pipelines.ts";

export const [added, proved, mismatch, removed] = ["added", "proved", "mismatch", "removed"] as const;

export function addPipeline({ add, max, limits }: AddAuthenticators): Pipeline {
  const isApp: Expression = { $ne: [kind, "recovery_code"] };
  const wanted: Expression = { $add: [0, ...add.filter(isCounted).map(({ id }) => ({ $cond: [isThere(kindOf(id)), 0, 1] }))] };
  const isNothingNew: Expression = { $eq: [wanted, 0] };
  const hasRoom: Expression = { $lte: [{ $add: [sizeOf(only([isApp, isActive])), wanted] }, max] };
  const excess: Expression = { $subtract: [{ $add: [sizeOf(only([isApp])), wanted] }, max] };
  const active = only([isActive, ...(replacesCodes(add) ? [isApp] : [])]);
  const waiting = newestOf(only([not(isActive)]), { $cond: [isNothingNew, 0, excess] });
  const authenticators: Expression = { $mergeObjects: [toObject({ $concatArrays: [active, waiting] }), ...add.map(fresh)] };
  const until = add.some(({ confirmMs }) => confirmMs === undefined)
    ? new Date(never)
    : fromNow(Math.max(longestWindow(limits), ...add.map(({ confirmMs = 0 }) => confirmMs)));
  const changes = { authenticators, keepUntil: { $max: ["$keepUntil", until] }, purgeAt: { $max: ["$purgeAt", until] } };
  return [
    forget(limits),
    { $set: { authenticators: toObject(only([isRemembered])) } },
    decide({ $cond: [{ $or: [isNothingNew, hasRoom] }, added, "unchanged"] }),
    write({ $cond: [isVerdict(added), changes, {}] }),
  ];
}

/** Only with a claim, which may be null; without one there is nothing to write. */
export function provePipeline({ authenticator: id, act, kind: wanted, claim, limits }: ProveAuthenticator): Pipeline {
  const authenticator = `$${pathOf(id)}`;
  const confirmBy = `${authenticator}.confirmBy`;
  const isOurs: Expression[] = [
    { $eq: [kindOf(id), wanted] },
    ...(act === "confirm"
      ? [{ $gt: [confirmBy, now] }, { $lt: [`${authenticator}.attempts`, limits.guessesPerChallenge] }]
      : [not(isThere(confirmBy))]),
  ];
  const isRight: Expression = claim ? { $lte: [`${authenticator}.next`, claim.position] } : false;
  const spent = { next: (claim?.position ?? 0) + 1, drift: claim?.drift ?? 0, lastUsedAt: now };
  const active = { $mergeObjects: [{ $unsetField: { field: "confirmBy", input: authenticator } }, spent] };
  const charged = { $mergeObjects: [authenticator, { attempts: { $add: [`${authenticator}.attempts`, 1] } }] };
  const right = { authenticators: withOne(id, active), keepUntil: new Date(never), purgeAt: new Date(never) };
  const wrong = {
    ...(act === "confirm" && { authenticators: withOne(id, charged) }),
    failures: withNow("$failures", limits.failureWindows),
    failuresInRow: { $add: ["$failuresInRow", 1] },
    purgeAt: { $max: ["$keepUntil", fromNow(forgetFailuresMs)] },
  };
  const verdict: Expression = { $cond: [{ $and: [...isOurs, ...unlocked(limits)] }, { $cond: [isRight, proved, mismatch] }, "unchanged"] };
  return [decide(verdict), write({ $cond: [isVerdict(proved), right, { $cond: [isVerdict(mismatch), wrong, {}] }] })];
}

/** The last active one that goes takes its ledger's reason to be kept with it. */
export function removePipeline({ authenticator: id, limits }: RemoveAuthenticator): Pipeline {
  const others = only([{ $ne: [`${each}.k`, id] }]);
  const ends = { $map: { input: { $objectToArray: "$open" }, in: { $add: ["$$this.v.expiresAt", rememberMs] } } };
  const until = { $max: [fromNow(longestWindow(limits)), { $max: ends }, { $max: { $map: { input: others, in: "$$this.v.confirmBy" } } }] };
  const isKept = { $gt: [sizeOf(only([{ $ne: [`${each}.k`, id] }, isActive])), 0] };
  const keepUntil = { $cond: [isKept, new Date(never), until] };
  const hasFailures = { $gt: ["$failuresInRow", 0] };
  const changes = {
    authenticators: toObject(others),
    keepUntil,
    purgeAt: { $cond: [isKept, new Date(never), { $max: [until, { $cond: [hasFailures, fromNow(forgetFailuresMs), null] }] }] },
  };
  const confirmBy = `$${pathOf(id)}.confirmBy`;
  const isOurs: Expression = { $and: [isThere(kindOf(id)), { $or: [not(isThere(confirmBy)), { $gt: [confirmBy, now] }] }] };
  return [decide({ $cond: [isOurs, removed, "unchanged"] }), write({ $cond: [isVerdict(removed), changes, {}] })];
}

/** Whether there can be room, whatever is known of the subject. */
export const canFit = ({ add, max }: AddAuthenticators): boolean => add.filter(isCounted).length <= max;

const isCounted = ({ kind: of }: Pick<NewAuthenticator, "kind">): boolean => of !== "recovery_code";
const replacesCodes = (add: readonly NewAuthenticator[]): boolean => add.some((one) => !isCounted(one));

const pathOf = (id: string): string => `authenticators.${fieldName(id)}`;
const kindOf = (id: string): string => `$${pathOf(id)}.kind`;
const withOne = (id: string, one: Expression): Expression => ({ $mergeObjects: ["$authenticators", { [fieldName(id)]: one }] });

/** Of an entry of `only`. */
const each = "$$this";
const kind = `${each}.v.kind`;
const isActive: Expression = not(isThere(`${each}.v.confirmBy`));
const isRemembered: Expression = { $or: [isActive, { $gt: [`${each}.v.confirmBy`, now] }] };

/** The authenticators for which that holds, as a list; in the order they were added in. */
const only = (conditions: Expression[]): Expression => ({
  $filter: { input: { $objectToArray: orEmptyObject("$authenticators") }, cond: { $and: conditions } },
});
const sizeOf = (list: Expression): Expression => ({ $size: list });
const toObject = (list: Expression): Expression => ({ $arrayToObject: list });

/** Without the first ones, as many as there are too many. */
const newestOf = (waiting: Expression, excess: Expression): Expression => ({
  $let: {
    vars: { waiting, left: { $subtract: [sizeOf(waiting), { $max: [0, excess] }] } },
    in: { $cond: [{ $gt: ["$$left", 0] }, { $slice: ["$$waiting", { $multiply: [-1, "$$left"] }] }, []] },
  },
});

/** One that is known stays as it is. */
function fresh({ id, confirmMs, ...one }: NewAuthenticator): Expression {
  const moments = { createdAt: now, ...(confirmMs !== undefined && { confirmBy: fromNow(confirmMs) }) };
  const made = { $mergeObjects: [{ $literal: { ...one, attempts: 0, drift: 0 } as unknown as Expression }, moments] };
  return { [fieldName(id)]: { $cond: [isThere(kindOf(id)), `$${pathOf(id)}`, made] } };
}

const longestWindow = ({ sendWindows, failureWindows }: LedgerLimits): number => Math.max(longest(sendWindows), longest(failureWindows));
