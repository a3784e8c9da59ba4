import { acting, checkSubject, type Subject } from "./authenticator-call.ts";
import type { AuthenticatorDeps } from "./authenticator-deps.ts";
import type { NewAuthenticator } from "./authenticator-requests.ts";
import { termsOf } from "./authenticator-terms.ts";
import { invalid, type Violations } from "./check.ts";
import { generateRecoveryCode, generateSalt, groupCode, hashRecoveryCode, recoveryCodes } from "./recovery-codes.ts";
import { allowed, type Result } from "./refusal.ts";
import type { Call } from "./types.ts";
import { type Authenticator, viewAuthenticator } from "./view-authenticator.ts";

export type RecoveryCodes = { readonly authenticator: Authenticator; readonly codes: readonly string[] };

/** Makes recovery codes in the place of all that the subject had. */
export const generateRecoveryCodes = (
  deps: AuthenticatorDeps,
  request: { readonly subject: string },
  call: Call,
): Promise<Result<RecoveryCodes>> =>
  acting(deps, call, { act: "generate_recovery_codes", kind: "recovery_code", subject: request.subject }, async () => {
    const violations: Violations = [];
    const subject = checkSubject(deps, violations, request.subject, call.caller);
    return subject ? generate(deps, subject, call) : invalid(violations);
  });

async function generate(deps: AuthenticatorDeps, { ref }: Subject, { caller, signal }: Call): Promise<Result<RecoveryCodes>> {
  const { random, keyring, authenticators } = deps;
  const { stretch, store } = authenticators;
  const salt = generateSalt(random);
  const codes = Array.from({ length: recoveryCodes }, () => generateRecoveryCode(random));
  const unused: string[] = [];
  // One after the other: whoever guesses a single code meanwhile waits for one hash, and not for ten.
  for (const code of codes) unused.push(await hashRecoveryCode({ keyring, stretch }, code, { ledger: ref.ledger, salt }, signal));
  signal.throwIfAborted();
  const id = Buffer.from(random(12)).toString("base64url");
  const set: NewAuthenticator = { id, kind: "recovery_code", name: "", secret: "", ...formless, next: 0, salt, unused };
  const { application } = caller;
  const added = await store.addAuthenticators({ ...ref, add: [set], max: termsOf(application).max, limits: application.limits });
  const stored = added.status === "added" ? added.authenticators[id] : undefined;
  if (!stored) throw new Error("the store took no recovery codes, of which there cannot be too many");
  return allowed({ authenticator: viewAuthenticator(id, stored), codes: codes.map(groupCode) });
}

/** Of no meaning here. */
const formless = { algorithm: "sha1", digits: 0, periodSeconds: 0 } as const;
