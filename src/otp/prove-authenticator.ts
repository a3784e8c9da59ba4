import { acting, checkAuthenticatorId, checkSubject, type Subject } from "./authenticator-call.ts";
import type { AuthenticatorDeps } from "./authenticator-deps.ts";
import type { ProveAuthenticator, ProveOutcome } from "./authenticator-requests.ts";
import { termsOf } from "./authenticator-terms.ts";
import { invalid, type Violations } from "./check.ts";
import { authenticatorDigits, normalizeAuthenticatorCode } from "./code.ts";
import { openSecret } from "./open-secret.ts";
import { findPair, findPosition, type Position } from "./position.ts";
import { allowed, type Result, refused } from "./refusal.ts";
import { refuse } from "./refuse.ts";
import type { Call } from "./types.ts";
import { type Authenticator, viewAuthenticator } from "./view-authenticator.ts";

export type ConfirmRequest = { readonly subject: string; readonly authenticatorId: string; readonly code: string };
export type ResyncRequest = {
  readonly subject: string;
  readonly authenticatorId: string;
  readonly firstCode: string;
  readonly secondCode: string;
};

type Kind = ProveAuthenticator["kind"];

/** Puts an enrolled authenticator to use with the code that it shows. */
export const confirmAuthenticator = (
  deps: AuthenticatorDeps,
  kind: Kind,
  { code, ...request }: ConfirmRequest,
  call: Call,
): Promise<Result<Authenticator>> => prove(deps, { ...request, act: "confirm", kind, codes: { code } }, call);

/** Finds the counter of an authenticator by two codes in a row. */
export const resyncHotp = (
  deps: AuthenticatorDeps,
  { firstCode, secondCode, ...request }: ResyncRequest,
  call: Call,
): Promise<Result<Authenticator>> =>
  prove(deps, { ...request, act: "resync", kind: "hotp", codes: { first_code: firstCode, second_code: secondCode } }, call);

type Guess = Pick<ProveAuthenticator, "act" | "kind"> & {
  readonly subject: string;
  readonly authenticatorId: string;
  /** By the name of their field. */
  readonly codes: Readonly<Record<string, string>>;
};

const prove = (deps: AuthenticatorDeps, guess: Guess, call: Call): Promise<Result<Authenticator>> => {
  const { act, kind, subject, authenticatorId } = guess;
  const named = /^[A-Za-z0-9_-]{16}$/.test(authenticatorId) ? { authenticator: authenticatorId } : {};
  return acting(deps, call, { act, kind, subject, ...named }, async () => {
    // 1. What cannot be a code costs no guess.
    const checked = checkGuess(deps, guess, call);
    return checked.ok ? proveChecked(deps, guess, checked.value, call) : checked;
  });
};

type Checked = { readonly subject: Subject; readonly codes: readonly string[] };

function checkGuess(deps: AuthenticatorDeps, { subject: value, authenticatorId, codes }: Guess, { caller }: Call): Result<Checked> {
  const violations: Violations = [];
  const subject = checkSubject(deps, violations, value, caller);
  checkAuthenticatorId(violations, authenticatorId);
  const read = Object.entries(codes).flatMap(([field, typed]) => {
    const code = typed.length > 64 ? undefined : normalizeAuthenticatorCode(typed);
    const { min, max } = authenticatorDigits;
    if (code === undefined) violations.push({ field, description: `write the ${min} to ${max} digits that the authenticator shows` });
    return code === undefined ? [] : [code];
  });
  return violations.length > 0 || !subject ? invalid(violations) : allowed({ subject, codes: read });
}

async function proveChecked(
  deps: AuthenticatorDeps,
  { act, kind, authenticatorId }: Guess,
  { subject, codes }: Checked,
  call: Call,
): Promise<Result<Authenticator>> {
  const { authenticators: tools } = deps;
  const { application } = call.caller;
  const request = { ...subject.ref, authenticator: authenticatorId, act, kind, limits: application.limits };
  // 2. Whether there is budget for a guess, and what it is compared with.
  const known = await tools.store.proveAuthenticator(request);
  if (known.status !== "unprepared") return answer(authenticatorId, known);
  const codeAt = await openSecret(tools, { ...subject.ref, authenticator: authenticatorId }, known.authenticator);
  if (!codeAt) return unusable();
  const claim = positionOf(known, codes, (authenticator, now, [first = "", second]) =>
    second === undefined
      ? findPosition(authenticator, termsOf(application), now, { code: first, codeAt })
      : findPair(authenticator, termsOf(application), [first, second], codeAt),
  );
  call.signal.throwIfAborted();
  // 3. Charge, compare and consume, in one atomic write: parallel calls cannot share a guess, nor one position.
  return answer(authenticatorId, await tools.store.proveAuthenticator({ ...request, claim: claim ?? null }));
}

type Unprepared = Extract<ProveOutcome, { status: "unprepared" }>;
type Find = (authenticator: Unprepared["authenticator"], now: number, codes: readonly string[]) => Position | undefined;

/** Another number of digits is a wrong guess, as any other is. */
const positionOf = ({ authenticator, now }: Unprepared, codes: readonly string[], find: Find): Position | undefined =>
  codes.every((code) => code.length === authenticator.digits) ? find(authenticator, now, codes) : undefined;

function answer(authenticatorId: string, outcome: ProveOutcome): Result<Authenticator> {
  switch (outcome.status) {
    case "proved":
      return allowed(viewAuthenticator(authenticatorId, outcome.authenticator));
    case "mismatch":
      return refused("CODE_MISMATCH", "wrong code", { metadata: { attempts_remaining: String(outcome.attemptsRemaining) } });
    case "not_found":
      return authenticatorNotFound();
    case "exhausted":
      return outcome.scope === "recipient"
        ? refuse(outcome)
        : refused("TOO_MANY_ATTEMPTS", "every guess at this enrolment is spent; enrol again", { metadata: { scope: outcome.scope } });
    case "unprepared":
      throw new Error("the store asked for a claim that it was given");
  }
}

export const authenticatorNotFound = (): Result<never> => refused("AUTHENTICATOR_NOT_FOUND", "the subject has no such authenticator");

/** Nothing was compared and nothing charged. Operators were told why. */
export const unusable = (): Result<never> =>
  refused("INTERNAL", "the authenticator cannot be used: its stored secret cannot be read; the service's log says more");
