import type { AuthenticatorKind, LedgerAuthenticator } from "./authenticator.ts";

/** An authenticator as callers see it. Moments are milliseconds since 1970 by the store's clock. */
export type Authenticator = {
  readonly authenticatorId: string;
  readonly kind: AuthenticatorKind;
  readonly name: string;
  readonly createdAt: number;
  readonly confirmBy?: number;
  readonly lastUsedAt?: number;
  /** Absent for recovery codes. */
  readonly algorithm?: LedgerAuthenticator["algorithm"];
  readonly digits: number;
  readonly periodSeconds: number;
  readonly recoveryCodesRemaining: number;
};

export function viewAuthenticator(authenticatorId: string, authenticator: LedgerAuthenticator): Authenticator {
  const { kind, name, createdAt, confirmBy, lastUsedAt, algorithm, digits, periodSeconds, unused } = authenticator;
  return {
    authenticatorId,
    kind,
    name,
    createdAt,
    ...(confirmBy !== undefined && { confirmBy }),
    ...(lastUsedAt !== undefined && { lastUsedAt }),
    ...(kind !== "recovery_code" && { algorithm }),
    digits: kind === "recovery_code" ? 0 : digits,
    periodSeconds: kind === "totp" ? periodSeconds : 0,
    recoveryCodesRemaining: kind === "recovery_code" ? (unused?.length ?? 0) : 0,
  };
}
