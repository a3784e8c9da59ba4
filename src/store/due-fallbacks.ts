import type { ChallengeRef, Ledger } from "../otp/ledger.ts";
import { wakeAt } from "../otp/ledger-messages.ts";

/** The challenges of a ledger whose fallback wants to be looked at by then. */
export const dueIn = (ledger: Ledger, id: string, before: number): ChallengeRef[] =>
  Object.entries(ledger.challenges)
    .filter(([nonce, challenge]) => (wakeAt({ ...ledger, challenges: { [nonce]: challenge } }) ?? Number.POSITIVE_INFINITY) <= before)
    .map(([nonce]) => ({ ledger: id, nonce, application: ledger.application }));
