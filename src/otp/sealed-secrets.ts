/** What is done to the stored secrets of a ledger when they are put under another key; free of any store. */
import type { SealedSecret } from "./authenticator-ports.ts";
import type { Ledger } from "./ledger.ts";
import { keyIdOf } from "./secret-vault.ts";

type OfLedger = { readonly ledger: string; readonly except: string | undefined; readonly now: number };

/** Those of a ledger, but for those under one key, and for enrolments that nobody confirmed in time. */
export const secretsOf = (
  { application, authenticators = {} }: Pick<Ledger, "application" | "authenticators">,
  { ledger, except, now }: OfLedger,
): SealedSecret[] =>
  Object.entries(authenticators)
    // Recovery codes have none.
    .filter(([, { secret, confirmBy = Number.POSITIVE_INFINITY }]) => secret !== "" && confirmBy > now)
    .filter(([, { secret }]) => keyIdOf(secret) !== except)
    .map(([authenticator, { secret: sealed }]) => ({ application, ledger, authenticator, sealed }));

export function replaceSecret(
  ledger: Ledger,
  { authenticator, sealed, by }: Pick<SealedSecret, "authenticator" | "sealed"> & { by: string },
): boolean {
  const { authenticators = {} } = ledger;
  const found = Object.hasOwn(authenticators, authenticator) ? authenticators[authenticator] : undefined;
  if (found?.secret !== sealed) return false;
  found.secret = by;
  return true;
}
