import type { ChallengeRef } from "./ledger.ts";

/**
 * A challenge id is the ledger's key (15 bytes of HMAC) and the challenge's nonce in it (12 bytes), both base64url, 20 and 16
 * characters: every call finds its record by `_id`, without a look-up. It is a name, not a secret.
 */
export const ledgerKeyBytes = 15;
export const nonceBytes = 12;

export const formatChallengeId = (ref: Pick<ChallengeRef, "ledger" | "nonce">): string => ref.ledger + ref.nonce;

const form = /^[A-Za-z0-9_-]{36}$/;

/** Undefined for what no challenge of ours is called. */
export function parseChallengeId(text: string, application: string): ChallengeRef | undefined {
  if (!form.test(text)) return undefined;
  return { ledger: text.slice(0, 20), nonce: text.slice(20), application };
}

/** For events. What no challenge is called stays out of the log: a caller that mixed up its fields has put a code there. */
export const challengeNamed = (text: string): { readonly challengeId?: string } => (form.test(text) ? { challengeId: text } : {});
