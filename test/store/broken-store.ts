import { setTimeout as sleep } from "node:timers/promises";
import type { ChallengeRef, Ledger } from "../../src/otp/ledger.ts";
import { chargeSubject, openUnsent } from "../../src/otp/ledger-authenticators.ts";
import { recordDelivery } from "../../src/otp/ledger-messages.ts";
import * as rules from "../../src/otp/ledger-rules.ts";
import type { LedgerStore } from "../../src/otp/store-ports.ts";
import { dueIn } from "../../src/store/due-fallbacks.ts";
import type { Plant } from "./contract.ts";

/**
 * A store that is wrong on purpose: it reads, decides by the right rules, and then writes, like most of its kind. Every race of
 * `races.ts` must be lost on it; one that is not proves nothing of the stores that pass.
 */
export function brokenStores(count: number): { readonly stores: LedgerStore[]; readonly plant: Plant } {
  const database = new Map<string, Ledger>();
  const plant: Plant = async ({ ledger, application }, authenticators) => {
    const known = database.get(ledger) ?? rules.emptyLedger(application);
    database.set(ledger, structuredClone({ ...known, authenticators }));
  };
  return { stores: Array.from({ length: count }, () => brokenStore(database)), plant };
}

function brokenStore(database: Map<string, Ledger>): LedgerStore {
  const change = async <T>(ref: Pick<ChallengeRef, "ledger" | "application">, rule: (ledger: Ledger, now: number) => T): Promise<T> => {
    await wire();
    const stored = database.get(ref.ledger);
    const known = stored?.application === ref.application;
    const ledger = known ? structuredClone(stored) : rules.emptyLedger(ref.application);
    const outcome = structuredClone(rule(ledger, Date.now()));
    await wire();
    if (known || Object.keys(ledger.challenges).length > 0 || ledger.failures.length > 0) database.set(ref.ledger, ledger);
    return outcome;
  };
  return {
    open: (request) => change(request, (ledger, now) => rules.openChallenge(ledger, request, now)),
    openUnsent: (request) => change(request, (ledger, now) => openUnsent(ledger, request, now)),
    resend: (request) => change(request, (ledger, now) => rules.resendChallenge(ledger, request, now)),
    verify: (request) => change(request, (ledger, now) => rules.verifyChallenge(ledger, request, now)),
    cancel: (ref) => change(ref, (ledger, now) => rules.cancelChallenge(ledger, ref, now)),
    charge: (request) => change(request, (ledger, now) => chargeSubject(ledger, request, now)),
    recordDelivery: (request) => change(request, (ledger, now) => recordDelivery(ledger, request, now)),
    dueFallbacks: async ({ before, limit }) => [...database].flatMap(([id, ledger]) => dueIn(ledger, id, before)).slice(0, limit),
    endFallback: (ref) => change(ref, (ledger) => void rules.endFallback(ledger, ref)),
    read: (ref) => change(ref, (ledger, now) => rules.readChallenge(ledger, ref, now)),
    async forgive(ledger) {
      const stored = database.get(ledger);
      if (stored) database.set(ledger, { ...stored, failures: [], failuresInRow: 0 });
      return stored !== undefined;
    },
    async inspect(id) {
      const ledger = database.get(id);
      return ledger && { ledger, now: Date.now() };
    },
    erase: async (ledger) => database.delete(ledger),
    ping: async () => {},
    close: async () => {},
  };
}

/** The way to a database and back: every call takes it at its own pace. */
const wire = (): Promise<void> => sleep(Math.random() * 4);
