import { setTimeout as sleep } from "node:timers/promises";
import type { ChallengeRef, Ledger } from "../../src/otp/ledger.ts";
import * as rules from "../../src/otp/ledger-rules.ts";
import type { LedgerStore } from "../../src/otp/ports.ts";

/**
 * A store that is wrong on purpose: it reads, decides by the right rules, and then writes, like most of its kind. Every race of
 * `races.ts` must be lost on it; one that is not proves nothing of the stores that pass.
 */
export function brokenStores(count: number): LedgerStore[] {
  const database = new Map<string, Ledger>();
  return Array.from({ length: count }, () => brokenStore(database));
}

function brokenStore(database: Map<string, Ledger>): LedgerStore {
  const change = async <T>(ref: ChallengeRef, rule: (ledger: Ledger, now: number) => T): Promise<T> => {
    await wire();
    const stored = database.get(ref.ledger);
    const known = stored?.application === ref.application;
    const ledger = known ? structuredClone(stored) : rules.emptyLedger(ref.application);
    const outcome = structuredClone(rule(ledger, Date.now()));
    await wire();
    if (known || Object.keys(ledger.challenges).length > 0) database.set(ref.ledger, ledger);
    return outcome;
  };
  return {
    open: (request) => change(request, (ledger, now) => rules.openChallenge(ledger, request, now)),
    resend: (request) => change(request, (ledger, now) => rules.resendChallenge(ledger, request, now)),
    verify: (request) => change(request, (ledger, now) => rules.verifyChallenge(ledger, request, now)),
    cancel: (ref) => change(ref, (ledger, now) => rules.cancelChallenge(ledger, ref, now)),
    recordDelivery: (request) => change(request, (ledger, now) => rules.recordDelivery(ledger, request, now)),
    read: (ref) => change(ref, (ledger, now) => rules.readChallenge(ledger, ref, now)),
    async forgive(ledger) {
      const stored = database.get(ledger);
      if (stored) database.set(ledger, { ...stored, failures: [], failuresInRow: 0 });
      return stored !== undefined;
    },
    ping: async () => {},
    close: async () => {},
  };
}

/** The way to a database and back: every call takes it at its own pace. */
const wire = (): Promise<void> => sleep(Math.random() * 4);
