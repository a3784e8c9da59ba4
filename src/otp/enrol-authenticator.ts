import { acting, checkName, checkSubject, type Subject } from "./authenticator-call.ts";
import type { AuthenticatorDeps } from "./authenticator-deps.ts";
import type { Enrolled } from "./authenticator-ports.ts";
import type { NewAuthenticator } from "./authenticator-requests.ts";
import { termsOf } from "./authenticator-terms.ts";
import { checkText, invalid, type Violations } from "./check.ts";
import { allowed, type Result, refused } from "./refusal.ts";
import type { Call } from "./types.ts";
import { type Authenticator, viewAuthenticator } from "./view-authenticator.ts";

export type EnrolRequest = { readonly subject: string; readonly name: string; readonly accountName: string };

/** What an authenticator has to know, shown this once. */
export type Enrolment = {
  readonly authenticator: Authenticator;
  readonly secret: string;
  readonly uri: string;
  readonly png: Uint8Array;
  readonly svg: Uint8Array;
};

type Kind = Enrolled["kind"];

/** As long as the digest (RFC 6238, section 5.1). */
const secretBytes = { sha1: 20, sha256: 32, sha512: 64 } as const;
const idBytes = 12;

/** Makes a secret for an authenticator, which is of no use until it is confirmed. */
export const enrolAuthenticator = (deps: AuthenticatorDeps, kind: Kind, request: EnrolRequest, call: Call): Promise<Result<Enrolment>> =>
  acting(deps, call, { act: "enrol", kind, subject: request.subject }, async () => {
    const checked = checkEnrol(deps, request, call);
    return checked.ok ? enrol(deps, kind, { ...checked.value, name: request.name }, call) : checked;
  });

type Checked = { readonly subject: Subject; readonly account: string };

function checkEnrol(deps: AuthenticatorDeps, { subject: value, name, accountName }: EnrolRequest, { caller }: Call): Result<Checked> {
  const violations: Violations = [];
  const subject = checkSubject(deps, violations, value, caller);
  checkName(violations, "name", name);
  checkText(violations, "account_name", accountName, 64);
  const account = accountName || value;
  // The label of the URI is issuer, colon and account.
  if ((accountName || subject) && (account.includes(":") || account.length > 64))
    violations.push({ field: "account_name", description: "write the user's login name, at most 64 characters without a colon" });
  return violations.length > 0 || !subject ? invalid(violations) : allowed({ subject, account });
}

type ToEnrol = Checked & { readonly name: string };

async function enrol(deps: AuthenticatorDeps, kind: Kind, { subject, account, name }: ToEnrol, call: Call): Promise<Result<Enrolment>> {
  const { application } = call.caller;
  const { vault, format, store } = deps.authenticators;
  if (!vault) return noVault();
  const terms = termsOf(application);
  const { algorithm, digits } = terms[kind];
  const id = Buffer.from(deps.random(idBytes)).toString("base64url");
  const secret = deps.random(secretBytes[algorithm]);
  const enrolled: Enrolled = { kind, secret, algorithm, digits, periodSeconds: terms.totp.periodSeconds, counter: 0 };
  const uri = format.writeUri(enrolled, { issuer: terms.issuer, account });
  const drawn = await format.drawQr(uri);
  const sealed = await vault.seal(secret, { ...subject.ref, authenticator: id });
  call.signal.throwIfAborted();
  const { periodSeconds } = terms.totp;
  const fresh: NewAuthenticator = { id, kind, name, confirmMs: terms.confirmMs, secret: sealed, algorithm, digits, periodSeconds, next: 0 };
  const added = await store.addAuthenticators({ ...subject.ref, add: [fresh], max: terms.max, limits: application.limits });
  const stored = added.status === "added" ? added.authenticators[id] : undefined;
  if (!stored) return tooMany(terms.max);
  return allowed({ authenticator: viewAuthenticator(id, stored), secret: format.writeBase32(secret), uri, ...drawn });
}

export const noVault = (): Result<never> =>
  refused("UNIMPLEMENTED", "this service has no key to keep secrets under; its operator sets secrets.authenticatorKeys");

export const tooMany = (max: number): Result<never> =>
  refused("TOO_MANY_AUTHENTICATORS", "the subject has as many authenticators as the application allows; delete one first", {
    metadata: { max: String(max) },
  });
