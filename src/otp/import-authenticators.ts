import { acting, checkSubject, type Subject } from "./authenticator-call.ts";
import type { AuthenticatorDeps } from "./authenticator-deps.ts";
import type { NewAuthenticator } from "./authenticator-requests.ts";
import { termsOf } from "./authenticator-terms.ts";
import { invalid, type Violations } from "./check.ts";
import { type CheckedImport, checkImported, type Imported } from "./check-imported.ts";
import { noVault, tooMany } from "./enrol-authenticator.ts";
import { allowed, type Result } from "./refusal.ts";
import type { Call } from "./types.ts";
import { type Authenticator, viewAuthenticator } from "./view-authenticator.ts";

export type ImportRequest = { readonly subject: string; readonly authenticators: readonly Imported[] };

const maxImported = 20;

/** Takes over a subject's authenticators from another system: all, or none. */
export const importAuthenticators = (
  deps: AuthenticatorDeps,
  request: ImportRequest,
  call: Call,
): Promise<Result<readonly Authenticator[]>> =>
  acting(deps, call, { act: "import", subject: request.subject }, async () => {
    const checked = checkImport(deps, request, call);
    return checked.ok ? take(deps, checked.value, call) : checked;
  });

type Checked = { readonly subject: Subject; readonly items: readonly (CheckedImport & { readonly id: string })[] };

function checkImport(deps: AuthenticatorDeps, request: ImportRequest, { caller }: Call): Result<Checked> {
  const violations: Violations = [];
  const subject = checkSubject(deps, violations, request.subject, caller);
  const { length } = request.authenticators;
  if (length === 0 || length > maxImported)
    violations.push({ field: "authenticators", description: `send 1 to ${maxImported} at once; these are ${length}` });
  const { format } = deps.authenticators;
  const items = request.authenticators.slice(0, maxImported).flatMap((each, index) => {
    const checked = checkImported(format, violations, `authenticators[${index}]`, each);
    return checked ? [{ ...checked, id: idOf(deps, subject, checked), index }] : [];
  });
  for (const [position, { id, index }] of items.entries())
    if (items.findIndex((each) => each.id === id) < position)
      violations.push({ field: `authenticators[${index}].secret`, description: "is the same as another's in this request; send it once" });
  return violations.length > 0 || !subject ? invalid(violations) : allowed({ subject, items });
}

/** Follows from the secret, so that one that is imported again is known, and none of its used codes verifies again. */
const idOf = ({ keyring }: AuthenticatorDeps, subject: Subject | undefined, { kind, secret }: CheckedImport): string =>
  keyring.digest("authenticator", subject?.ref.ledger ?? "", kind, Buffer.from(secret).toString("base64url")).slice(0, 16);

async function take(deps: AuthenticatorDeps, { subject, items }: Checked, call: Call): Promise<Result<readonly Authenticator[]>> {
  const { vault, store } = deps.authenticators;
  const { application } = call.caller;
  if (!vault) return noVault();
  const add = await Promise.all(
    items.map(async ({ id, kind, name, algorithm, digits, periodSeconds, secret, counter }): Promise<NewAuthenticator> => {
      const sealed = await vault.seal(secret, { ...subject.ref, authenticator: id });
      return { id, kind, name, secret: sealed, algorithm, digits, periodSeconds, next: kind === "hotp" ? counter : 0 };
    }),
  );
  call.signal.throwIfAborted();
  const { max } = termsOf(application);
  const added = await store.addAuthenticators({ ...subject.ref, add, max, limits: application.limits });
  if (added.status === "too_many") return tooMany(max);
  return allowed(add.flatMap(({ id }) => (added.authenticators[id] ? [viewAuthenticator(id, added.authenticators[id])] : [])));
}
