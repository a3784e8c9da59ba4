/**
 * From the record that came back to the outcome. What was written, the database decided; what was refused left the record
 * unchanged, so the rules, run on it at the same moment, tell why, and when to try again.
 */
import type {
  ChallengeRef,
  ChargeOutcome,
  ChargeSubject,
  Ledger,
  OpenChallenge,
  OpenOutcome,
  OpenUnsent,
  OpenUnsentOutcome,
  ResendChallenge,
  ResendOutcome,
  VerifyChallenge,
  VerifyOutcome,
} from "../otp/ledger.ts";
import { chargeSubject, openUnsent } from "../otp/ledger-authenticators.ts";
import { attemptsRemaining, ofChallengeAlone } from "../otp/ledger-limits.ts";
import { openChallenge, resendChallenge, verifyChallenge } from "../otp/ledger-rules.ts";
import { type LedgerReturned, ledgerOf, viewOf } from "./mongo-document.ts";
import { opened } from "./mongo-pipelines.ts";
import { charged } from "./mongo-subject.ts";
import type { VerifyVerdict } from "./mongo-verify.ts";

export function openOutcome(returned: LedgerReturned, request: OpenChallenge): OpenOutcome {
  if (returned.verdict === opened) return { status: "opened", view: viewOf(returned, request) };
  const outcome = openChallenge(ledgerOf(returned, request), request, Number(returned.at));
  if (outcome.status === "opened") throw disagreement();
  return outcome;
}

/** Of a record that was read after the send: undefined where nothing was opened. */
export function openOutcomeLater(found: LedgerReturned, request: OpenChallenge): OpenOutcome | undefined {
  const isOpened = found.open?.[request.nonce]?.deliveries?.[request.message.deliveryId] !== undefined;
  return isOpened ? { status: "opened", view: viewOf(found, request) } : undefined;
}

export function openUnsentOutcome(returned: LedgerReturned, request: OpenUnsent): OpenUnsentOutcome {
  if (returned.verdict === opened) return { status: "opened", view: viewOf(returned, request) };
  const outcome = openUnsent(ledgerOf(returned, request), request, Number(returned.at));
  if (outcome.status === "opened") throw disagreement();
  return outcome;
}

export function chargeOutcome(returned: LedgerReturned, request: ChargeSubject): ChargeOutcome {
  if (returned.verdict === charged) return { status: "charged" };
  const outcome = chargeSubject(ledgerOf(returned, request), request, Number(returned.at));
  if (outcome.status === "charged") throw disagreement();
  return outcome;
}

export function resendOutcome(returned: LedgerReturned, request: ResendChallenge): ResendOutcome {
  if (returned.verdict === opened) return { status: "opened", view: viewOf(returned, request) };
  const outcome = resendChallenge(ledgerOf(returned, request), request, Number(returned.at));
  if (outcome.status === "opened") throw disagreement();
  return outcome;
}

export function verifyOutcome(returned: LedgerReturned, request: VerifyChallenge): VerifyOutcome {
  const outcome = outcomeOf(returned.verdict as VerifyVerdict, returned, request);
  if (!outcome) throw disagreement();
  return outcome;
}

/**
 * Of a record that was read after the guess, which others may have written to since: undefined where it does not tell, and the guess
 * charged nothing.
 */
export function verifyOutcomeLater(found: LedgerReturned, request: VerifyChallenge, mark: string): VerifyOutcome | undefined {
  const stored = found.open?.[request.nonce];
  const isOurs = (verdict: unknown): boolean => typeof verdict === "string" && verdict.endsWith(`.${mark}`);
  const marked: unknown = stored?.guesses?.find(isOurs) ?? found.verdict;
  if (typeof marked !== "string" || !isOurs(marked)) return undefined;
  const verdict = marked.slice(0, marked.indexOf(".")) as VerifyVerdict;
  return outcomeOf(verdict, verdict === "approved" ? { ...found, at: stored?.verifiedAt } : found, request);
}

function outcomeOf(verdict: VerifyVerdict, returned: LedgerReturned, request: VerifyChallenge): VerifyOutcome | undefined {
  if (verdict === "reused") return { status: "request_reused" };
  if (verdict === "unchanged") return unchangedVerify(ledgerOf(returned, request), request, Number(returned.at));
  const view = viewOf(returned, request);
  if (verdict === "approved") return { status: verdict, view };
  const told = request.hidesLock ? ofChallengeAlone(request.limits) : request.limits;
  const remaining = attemptsRemaining(view, view.challenge, told, view.now);
  return { status: verdict, attemptsRemaining: remaining, view };
}

/** Undefined where the rules would have charged it. */
function unchangedVerify(ledger: Ledger, request: VerifyChallenge, now: number): VerifyOutcome | undefined {
  const before = charges(ledger, request);
  const outcome = verifyChallenge(ledger, request, now);
  return charges(ledger, request) !== before && outcome.status !== "not_found" ? undefined : outcome;
}

const charges = ({ challenges }: Ledger, { nonce }: ChallengeRef): number =>
  (challenges[nonce]?.attempts ?? 0) + (challenges[nonce]?.reuses ?? 0);

/** Fails closed: what the database refused is not allowed by our reckoning. */
const disagreement = (): Error => new Error("the database refused what the rules allow");
