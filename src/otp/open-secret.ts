import type { LedgerAuthenticator } from "./authenticator.ts";
import type { AuthenticatorTools } from "./authenticator-deps.ts";
import type { SecretContext } from "./authenticator-ports.ts";
import type { CodeAt } from "./position.ts";
import { keyIdOf } from "./secret-vault.ts";

/** What an authenticator shows where; undefined, and told to operators, where its secret does not open for this record. */
export async function openSecret(
  { vault, format, events }: AuthenticatorTools,
  { application, ledger, authenticator }: SecretContext,
  { kind, algorithm, digits, secret: sealed }: LedgerAuthenticator,
): Promise<CodeAt | undefined> {
  const context = { application, ledger, authenticator };
  const secret = await vault?.open(sealed, context);
  if (!secret || kind === "recovery_code") {
    events.secretUnreadable({ ...context, keyId: keyIdOf(sealed) });
    return undefined;
  }
  return (position) => format.codeAt(kind, { algorithm, digits }, secret, position);
}
