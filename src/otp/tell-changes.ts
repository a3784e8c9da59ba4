import type { ChallengeRef } from "./ledger.ts";
import type { LedgerStore } from "./store-ports.ts";

/** The same ledgers, which tell of every challenge that they have changed, or may have. */
export function tellChanges(ledgers: LedgerStore, changed: (ref: ChallengeRef) => void): LedgerStore {
  const telling =
    <R extends ChallengeRef, T>(verb: (request: R) => Promise<T>) =>
    async (request: R): Promise<T> => {
      const outcome = await verb(request);
      changed(request);
      return outcome;
    };
  return {
    ...ledgers,
    open: telling(ledgers.open),
    resend: telling(ledgers.resend),
    verify: telling(ledgers.verify),
    cancel: telling(ledgers.cancel),
    recordDelivery: telling(ledgers.recordDelivery),
  };
}
