import type { Ledger } from "../../src/otp/ledger.ts";
import { purgeAt } from "../../src/otp/ledger-limits.ts";
import {
  cancelChallenge,
  emptyLedger,
  openChallenge,
  readChallenge,
  recordDelivery,
  resendChallenge,
  verifyChallenge,
} from "../../src/otp/ledger-rules.ts";
import type { LedgerStore } from "../../src/otp/ports.ts";

/** The rules over a map and a clock that the test turns: for tests of the use cases. Stores have a contract suite of their own. */
export function createMemoryLedgers(clock: { now: number }) {
  const ledgers = new Map<string, Ledger>();
  const of = (ref: { ledger: string; application: string }, create = false): Ledger => {
    const known = ledgers.get(ref.ledger);
    if (known?.application === ref.application) return known;
    const fresh = emptyLedger(ref.application);
    if (create) ledgers.set(ref.ledger, fresh);
    return fresh;
  };
  /** A view must not follow later changes, as no store's does. */
  const answer = async <T>(value: T): Promise<T> => structuredClone(value);
  const store: LedgerStore = {
    open: (request) => answer(openChallenge(of(request, true), request, clock.now)),
    resend: (request) => answer(resendChallenge(of(request), request, clock.now)),
    verify: (request) => answer(verifyChallenge(of(request), request, clock.now)),
    cancel: (ref) => answer(cancelChallenge(of(ref), ref, clock.now)),
    recordDelivery: (request) => answer(recordDelivery(of(request), request, clock.now)),
    read: (ref) => answer(readChallenge(of(ref), ref, clock.now)),
    forgive: async (ledger) =>
      Boolean(ledgers.has(ledger) && Object.assign(ledgers.get(ledger) as Ledger, { failures: [], failuresInRow: 0 })),
    ping: async () => {},
    close: async () => {},
  };
  return { store, ledgers, purgeAt: (ledger: Ledger, limits: Parameters<typeof purgeAt>[1]) => purgeAt(ledger, limits, clock.now) };
}
