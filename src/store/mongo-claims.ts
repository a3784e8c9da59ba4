/** What a code was found to be right for, compared and set in the one write of a guess, as `spend` of the rules does. */
import type { Claim } from "../otp/authenticator.ts";
import { isFieldName } from "./mongo-document.ts";
import { type Expression, isMissing, isThere, literal, now } from "./mongo-expressions.ts";

/** The claim names an active authenticator of a kind that answers, and what it names there is not spent. */
export function isUnspent(claim: Claim | null, challenge: string): Expression {
  // No record has such a field.
  if (!claim || !isFieldName(claim.authenticator)) return false;
  const authenticator = `$authenticators.${claim.authenticator}`;
  const kind = `${authenticator}.kind`;
  const isLeft: Expression =
    claim.hash === undefined
      ? { $and: [{ $ne: [kind, "recovery_code"] }, { $lte: [`${authenticator}.next`, claim.position] }] }
      : { $in: [literal(claim.hash), { $ifNull: [`${authenticator}.unused`, []] }] };
  return { $and: [{ $in: [kind, `${challenge}.accepts`] }, isMissing(`${authenticator}.confirmBy`), isLeft] };
}

type Fields = { readonly [field: string]: Expression };

/** What a claim that was right changes in the challenge and in the record; nothing where authenticators do not answer. */
export function spending(claim: Claim | null | undefined, challenge: string): { readonly ofChallenge: Fields; readonly ofLedger: Fields } {
  if (!claim || !isFieldName(claim.authenticator)) return { ofChallenge: {}, ofLedger: {} };
  const authenticator = `$authenticators.${claim.authenticator}`;
  const ifAnswered = (then: Expression, otherwise: Expression): Expression => ({
    $cond: [isThere(`${challenge}.accepts`), then, otherwise],
  });
  const spent: Expression =
    claim.hash === undefined
      ? { next: claim.position + 1, drift: claim.drift }
      : { unused: { $filter: { input: `${authenticator}.unused`, cond: { $ne: ["$$this", literal(claim.hash)] } } } };
  const changed = { $mergeObjects: [authenticator, spent, { lastUsedAt: now }] };
  const authenticators = { $mergeObjects: ["$authenticators", { [claim.authenticator]: changed }] };
  return {
    ofChallenge: { verifiedBy: ifAnswered(`${authenticator}.kind`, "$$REMOVE") },
    ofLedger: { authenticators: ifAnswered(authenticators, "$authenticators") },
  };
}
