/** What every use case of `AuthenticatorService` begins and ends with. */
import type { AuthenticatorDeps } from "./authenticator-deps.ts";
import type { AuthenticatorAct } from "./authenticator-ports.ts";
import type { SubjectRef } from "./authenticator-requests.ts";
import { checkText, type Violations } from "./check.ts";
import { maskRecipient } from "./mask.ts";
import { type Result, refused } from "./refusal.ts";
import { orUnavailable } from "./refuse.ts";
import type { Call, Caller, Recipient } from "./types.ts";

export type Subject = { readonly ref: SubjectRef; readonly value: string };

type Acting = Pick<AuthenticatorAct, "act"> & Pick<Partial<AuthenticatorAct>, "kind" | "authenticator">;

/** Runs what was checked, and tells operators what came of it. */
export async function acting<T>(
  deps: AuthenticatorDeps,
  { caller }: Call,
  { subject, ...act }: Acting & { readonly subject: string },
  work: () => Promise<Result<T>>,
): Promise<Result<T>> {
  const result = caller.kind === "service" ? await orUnavailable(work()) : onlyServices();
  deps.authenticators.events.authenticatorChanged({
    ...act,
    application: caller.application.id,
    keyId: caller.keyId,
    subject: maskRecipient({ kind: "subject", value: subject.slice(0, 128) }),
    reason: result.ok ? "OK" : result.refusal.reason,
  });
  return result;
}

/** A browser's key is public: whoever has it must not enrol an authenticator of his own for somebody else. */
export const onlyServices = (): Result<never> => refused("CALLER_NOT_ALLOWED", "authenticators are kept by services; use a service key");

/** Whose authenticators they are, or what is wrong with that. */
export function checkSubject(deps: AuthenticatorDeps, violations: Violations, value: string, { application }: Caller): Subject | undefined {
  const recipient: Recipient = { kind: "subject", value };
  const parsed = deps.parseRecipient(recipient, application);
  if (parsed.ok) {
    const ledger = deps.keyring.ledgerOf(application.id, parsed.key);
    return { ref: { ledger, application: application.id }, value: parsed.recipient.value };
  }
  violations.push({ ...parsed.violation, field: "subject" });
  return undefined;
}

export function checkAuthenticatorId(violations: Violations, id: string): void {
  if (!/^[A-Za-z0-9_-]{16}$/.test(id))
    violations.push({
      field: "authenticator_id",
      description: "send the authenticator_id that enrolment or ListAuthenticators answered with",
    });
}

export function checkName(violations: Violations, field: string, name: string): void {
  if (name === "") violations.push({ field, description: 'write what the user calls it, such as "Phone"' });
  checkText(violations, field, name, 64);
}
