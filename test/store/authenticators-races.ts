import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { AuthenticatorStore } from "../../src/otp/authenticator-ports.ts";
import type { SubjectRef } from "../../src/otp/authenticator-requests.ts";
import * as rules from "../../src/otp/authenticator-rules.ts";
import type { Ledger } from "../../src/otp/ledger.ts";
import { openUnsent } from "../../src/otp/ledger-authenticators.ts";
import { emptyLedger, verifyChallenge } from "../../src/otp/ledger-rules.ts";
import { adding, app, codes, confirming, newSubject, waiting } from "./authenticator-requests.ts";
import type { SubjectStore } from "./authenticators-contract.ts";
import { sum, tally } from "./racing.ts";
import { limitsWith, minute } from "./requests.ts";

/** `run` throws when the invariant is broken. The stores share one database. */
type Race = { readonly name: string; run(stores: readonly SubjectStore[]): Promise<void> };

/** Each of these is seen to fail on the broken store below. */
export const authenticatorStoreRaces: readonly Race[] = [
  { name: "100 parallel right confirmations: one is accepted", run: rightConfirmations },
  { name: "100 parallel wrong confirmations over four enrolments: the subject's budget", run: wrongConfirmations },
  { name: "100 parallel right resynchronisations: one is accepted", run: rightResyncs },
  { name: "40 parallel imports: the maximum", run: manyImports },
  { name: "40 parallel enrolments: the record stays bounded", run: manyEnrolments },
  { name: "40 parallel sets of recovery codes: one is left", run: manySets },
];

const spread = <T>(count: number, stores: readonly SubjectStore[], call: (store: SubjectStore, index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => call(stores[index % stores.length] as SubjectStore, index)));

const first = (stores: readonly SubjectStore[]): SubjectStore => stores[0] as SubjectStore;

async function rightConfirmations(stores: readonly SubjectStore[]): Promise<void> {
  const [of, phone] = [newSubject(), waiting()];
  await first(stores).addAuthenticators(adding(of, phone));
  const outcomes = await spread(100, stores, (store) => store.proveAuthenticator(confirming(of, phone, 5)));
  assert.deepEqual(tally(outcomes), { proved: 1, not_found: 99 });
}

async function wrongConfirmations(stores: readonly SubjectStore[]): Promise<void> {
  const limits = limitsWith({ guessesPerChallenge: 5, failureWindows: [{ windowMs: 10 * minute, max: 12 }] });
  const [of, phones] = [newSubject(), [waiting(), waiting(), waiting(), waiting()] as const];
  await first(stores).addAuthenticators(adding(of, ...phones));
  const outcomes = await spread(100, stores, (store, index) =>
    store.proveAuthenticator(confirming(of, phones[index % 4] as (typeof phones)[0], null, { limits })),
  );
  assert.deepEqual(tally(outcomes), { mismatch: 12, exhausted: 88 });
  const known = await first(stores).inspect(of.ledger);
  assert.equal(sum(Object.values(known?.ledger.authenticators ?? {}).map(({ attempts }) => attempts)), 12);
  assert.equal(known?.ledger.failuresInRow, 12);
}

async function rightResyncs(stores: readonly SubjectStore[]): Promise<void> {
  const [of, token] = [newSubject(), app({ kind: "hotp" })];
  await first(stores).addAuthenticators(adding(of, token));
  const outcomes = await spread(100, stores, (store) => store.proveAuthenticator(confirming(of, token, 20, { act: "resync" })));
  const { proved, mismatch = 0, exhausted = 0 } = tally(outcomes);
  assert.deepEqual({ proved, others: mismatch + exhausted }, { proved: 1, others: 99 });
}

async function manyImports(stores: readonly SubjectStore[]): Promise<void> {
  const of = newSubject();
  const outcomes = await spread(40, stores, (store) => store.addAuthenticators(adding(of, app(), app())));
  assert.deepEqual(tally(outcomes), { added: 2, too_many: 38 });
  assert.equal(await count(stores, of), 4);
}

async function manyEnrolments(stores: readonly SubjectStore[]): Promise<void> {
  const of = newSubject();
  const made = Array.from({ length: 40 }, () => waiting());
  const outcomes = await spread(40, stores, (store, index) => store.addAuthenticators(adding(of, made[index] as (typeof made)[0])));
  assert.deepEqual(tally(outcomes), { added: 40 });
  assert.equal(await count(stores, of), 5);
}

async function manySets(stores: readonly SubjectStore[]): Promise<void> {
  const of = newSubject();
  await first(stores).addAuthenticators(adding(of, app()));
  const [phone] = [waiting()];
  const outcomes = await spread(40, stores, (store, index) =>
    store.addAuthenticators(adding(of, index === 20 ? phone : codes([`h${index}`]))),
  );
  assert.deepEqual(tally(outcomes), { added: 40 });
  const known = (await first(stores).inspect(of.ledger))?.ledger.authenticators ?? {};
  assert.equal(Object.values(known).filter(({ kind }) => kind === "recovery_code").length, 1);
  assert.ok(phone && known[phone.id], "an enrolment was lost to a set of recovery codes");
}

const count = async (stores: readonly SubjectStore[], of: SubjectRef): Promise<number> =>
  Object.keys((await first(stores).inspect(of.ledger))?.ledger.authenticators ?? {}).length;

/** Stores that are wrong on purpose: they read, decide by the right rules, and then write, like most of their kind. */
export function brokenAuthenticatorStores(howMany: number): SubjectStore[] {
  const database = new Map<string, Ledger>();
  return Array.from({ length: howMany }, () => brokenStore(database));
}

function brokenStore(database: Map<string, Ledger>): SubjectStore {
  const change = async <T>(of: SubjectRef, rule: (ledger: Ledger, now: number) => T): Promise<T> => {
    await wire();
    const stored = database.get(of.ledger);
    const ledger = structuredClone(stored ?? emptyLedger(of.application));
    const outcome = structuredClone(rule(ledger, Date.now()));
    await wire();
    if (stored || Object.keys(ledger.authenticators ?? {}).length > 0) database.set(of.ledger, ledger);
    return outcome;
  };
  const verbs: AuthenticatorStore & Pick<SubjectStore, "inspect" | "openUnsent" | "verify" | "close"> = {
    addAuthenticators: (request) => change(request, (ledger, now) => rules.addAuthenticators(ledger, request, now)),
    proveAuthenticator: (request) => change(request, (ledger, now) => rules.proveAuthenticator(ledger, request, now)),
    removeAuthenticator: (request) => change(request, (ledger, now) => rules.removeAuthenticator(ledger, request, now)),
    openUnsent: (request) => change(request, (ledger, now) => openUnsent(ledger, request, now)),
    verify: (request) => change(request, (ledger, now) => verifyChallenge(ledger, request, now)),
    inspect: async (id) => {
      const ledger = database.get(id);
      return ledger && { ledger: structuredClone(ledger), now: Date.now() };
    },
    close: async () => {},
  };
  return verbs as SubjectStore;
}

/** The way to a database and back: every call takes it at its own pace. */
const wire = (): Promise<void> => sleep(Math.random() * 4);
