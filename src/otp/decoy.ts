/**
 * Challenges in place of those that a recipient's own record refuses, for callers who may not know that it does. Their ids look like any
 * other of the recipient, and name a record that is theirs alone. Nothing is sent for them, and no code verifies them.
 */
import type { Keyring } from "./keyring.ts";
import type { ChallengeRef } from "./ledger.ts";

/** Characters of a nonce, half of which are drawn; the other half tells those who have the key that it is a decoy's. */
const drawn = 8;
const ledgerLength = 20;

/** The decoy of a challenge: always the same, so that a retry meets it. */
export function decoyOf(keyring: Keyring, ref: ChallengeRef): ChallengeRef {
  const head = ref.nonce.slice(0, drawn);
  return { ...ref, nonce: head + markOf(keyring, ref.ledger, head) };
}

export const isDecoy = (keyring: Keyring, { ledger, nonce }: ChallengeRef): boolean =>
  nonce.slice(drawn) === markOf(keyring, ledger, nonce.slice(0, drawn));

/** Where a challenge is remembered: its own name, and for a decoy that of the record it has to itself. */
export const recordOf = (keyring: Keyring, ref: ChallengeRef): string =>
  isDecoy(keyring, ref) ? keyring.digest("record of a decoy", ref.ledger, ref.nonce).slice(0, ledgerLength) : ref.ledger;

const markOf = (keyring: Keyring, ledger: string, head: string): string => keyring.digest("decoy", ledger, head).slice(0, drawn);
