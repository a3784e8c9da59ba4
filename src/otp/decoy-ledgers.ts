import { isDecoy, recordOf } from "./decoy.ts";
import type { Keyring } from "./keyring.ts";
import type { ChallengeRef } from "./ledger.ts";
import { withoutRecipient } from "./ledger-limits.ts";
import type { LedgerStore } from "./store-ports.ts";
import type { LedgerLimits } from "./types.ts";

/**
 * The same ledgers, in which decoys have records to themselves: nobody can fill a recipient's own with them, and finding one takes no longer
 * than finding any other challenge.
 */
export function withDecoys(ledgers: LedgerStore, keyring: Keyring): LedgerStore {
  const at = <R extends ChallengeRef>(ref: R): R => ({ ...ref, ledger: recordOf(keyring, ref) });
  const limited = <R extends ChallengeRef & { readonly limits: LedgerLimits }>(
    request: R,
    limits: (of: LedgerLimits) => LedgerLimits,
  ): R => (isDecoy(keyring, request) ? { ...at(request), limits: limits(request.limits) } : request);
  return {
    ...ledgers,
    open: (request) => ledgers.open(limited(request, unlimited)),
    openUnsent: (request) => ledgers.openUnsent(limited(request, unlimited)),
    resend: (request) => ledgers.resend(limited(request, unlimited)),
    verify: (request) => ledgers.verify(isDecoy(keyring, request) ? { ...limited(request, locked), hidesLock: true } : request),
    cancel: (ref) => ledgers.cancel(at(ref)),
    recordDelivery: (request) => ledgers.recordDelivery(at(request)),
    endFallback: (ref) => ledgers.endFallback(at(ref)),
    read: (ref) => ledgers.read(at(ref)),
  };
}

/** Without windows, whose moments nobody asks about here, a record goes away soon after its one challenge. */
const unlimited = (limits: LedgerLimits): LedgerLimits => ({ ...withoutRecipient(limits), failureWindows: [], sendWindows: [] });

/** For good: every guess is one at a recipient that is locked. */
const locked = (limits: LedgerLimits): LedgerLimits => ({ ...unlimited(limits), failuresInRow: 0 });
