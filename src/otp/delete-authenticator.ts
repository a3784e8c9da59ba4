import { acting, checkAuthenticatorId, checkSubject } from "./authenticator-call.ts";
import type { AuthenticatorDeps } from "./authenticator-deps.ts";
import { invalid, type Violations } from "./check.ts";
import { authenticatorNotFound } from "./prove-authenticator.ts";
import { allowed, type Result } from "./refusal.ts";
import type { Call } from "./types.ts";

export type DeleteRequest = { readonly subject: string; readonly authenticatorId: string };

/** Forgets an authenticator and its secret. */
export const deleteAuthenticator = (
  deps: AuthenticatorDeps,
  { subject: value, authenticatorId }: DeleteRequest,
  call: Call,
): Promise<Result<undefined>> => {
  const violations: Violations = [];
  const subject = checkSubject(deps, violations, value, call.caller);
  checkAuthenticatorId(violations, authenticatorId);
  const named = violations.length === 0 ? { authenticator: authenticatorId } : {};
  return acting(deps, call, { act: "delete", subject: value, ...named }, async () => {
    if (violations.length > 0 || !subject) return invalid(violations);
    const { limits } = call.caller.application;
    const { status } = await deps.authenticators.store.removeAuthenticator({ ...subject.ref, authenticator: authenticatorId, limits });
    return status === "removed" ? allowed(undefined) : authenticatorNotFound();
  });
};
