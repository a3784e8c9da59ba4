import { checkSubject, onlyServices } from "./authenticator-call.ts";
import type { AuthenticatorDeps } from "./authenticator-deps.ts";
import { invalid, type Violations } from "./check.ts";
import { allowed, type Result } from "./refusal.ts";
import { orUnavailable } from "./refuse.ts";
import type { Call } from "./types.ts";
import { type Authenticator, viewAuthenticator } from "./view-authenticator.ts";

/** A subject's authenticators, oldest first. */
export async function listAuthenticators(
  deps: AuthenticatorDeps,
  request: { readonly subject: string },
  { caller }: Call,
): Promise<Result<readonly Authenticator[]>> {
  if (caller.kind !== "service") return onlyServices();
  const violations: Violations = [];
  const subject = checkSubject(deps, violations, request.subject, caller);
  if (!subject) return invalid(violations);
  return orUnavailable(read(deps, subject.ref.ledger));
}

async function read({ ledgers }: AuthenticatorDeps, ledger: string): Promise<Result<readonly Authenticator[]>> {
  const found = await ledgers.inspect(ledger);
  const { authenticators = {} } = found?.ledger ?? {};
  const views = Object.entries(authenticators).map(([id, each]) => viewAuthenticator(id, each));
  const now = found?.now ?? 0;
  // One that ran out unconfirmed is gone, whether or not something has dropped it yet.
  const there = views.filter(({ confirmBy }) => confirmBy === undefined || confirmBy > now);
  return allowed(there.toSorted((a, b) => a.createdAt - b.createdAt));
}
