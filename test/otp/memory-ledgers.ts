import type { Ledger } from "../../src/otp/ledger.ts";
import { chargeSubject, openUnsent } from "../../src/otp/ledger-authenticators.ts";
import { purgeAt } from "../../src/otp/ledger-limits.ts";
import { recordDelivery } from "../../src/otp/ledger-messages.ts";
import {
  cancelChallenge,
  emptyLedger,
  endFallback,
  openChallenge,
  readChallenge,
  resendChallenge,
  verifyChallenge,
} from "../../src/otp/ledger-rules.ts";
import type { LedgerStore } from "../../src/otp/store-ports.ts";
import { dueIn } from "../../src/store/due-fallbacks.ts";

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
    async openUnsent(request) {
      const ledger = structuredClone(of(request));
      const outcome = openUnsent(ledger, request, clock.now);
      if (outcome.status !== "no_authenticator") ledgers.set(request.ledger, ledger);
      return answer(outcome);
    },
    resend: (request) => answer(resendChallenge(of(request), request, clock.now)),
    verify: (request) => answer(verifyChallenge(of(request), request, clock.now)),
    cancel: (ref) => answer(cancelChallenge(of(ref), ref, clock.now)),
    charge: (request) => answer(chargeSubject(of(request, true), request, clock.now)),
    recordDelivery: (request) => answer(recordDelivery(of(request), request, clock.now)),
    dueFallbacks: async ({ before, limit }) => [...ledgers].flatMap(([id, ledger]) => dueIn(ledger, id, before)).slice(0, limit),
    endFallback: async (ref) => void endFallback(of(ref), ref),
    read: (ref) => answer(readChallenge(of(ref), ref, clock.now)),
    forgive: async (ledger) =>
      Boolean(ledgers.has(ledger) && Object.assign(ledgers.get(ledger) as Ledger, { failures: [], failuresInRow: 0 })),
    async inspect(id) {
      const ledger = ledgers.get(id);
      return ledger && answer({ ledger, now: clock.now });
    },
    erase: async (id) => ledgers.delete(id),
    ping: async () => {},
    close: async () => {},
  };
  return { store, ledgers, purgeAt: (ledger: Ledger, limits: Parameters<typeof purgeAt>[1]) => purgeAt(ledger, limits, clock.now) };
}
