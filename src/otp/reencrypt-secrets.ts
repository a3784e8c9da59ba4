import type { SealedSecret, SealedSecretStore, SecretVault } from "./authenticator-ports.ts";
import { StoreUnavailable } from "./refusal.ts";
import { keyIdOf } from "./secret-vault.ts";

export type ReencryptDeps = {
  readonly store: SealedSecretStore;
  /** Seals under the newest key, and opens what is under the others. */
  readonly vault: SecretVault;
  readonly newestKey: string;
  /** Of secrets. */
  readonly maxPerSecond: number;
  readonly pause: (ms: number) => Promise<void>;
  readonly onProgress: (progress: Progress) => void;
  /** Ends the run before its next step; `reencryptSecrets` rejects with its reason then. */
  readonly signal?: AbortSignal;
};

export type Progress = { readonly done: number; readonly total: number };

export type Reencryption = {
  /** Put under the newest key by this run. */
  readonly moved: number;
  /** How many are still under each other key, by its id. */
  readonly left: ReadonlyMap<string, number>;
  /** Of those, the ones that do not open for their record; and ledgers that cannot be read at all. */
  readonly unreadable: number;
  readonly damaged: number;
  /** Some of both, by ledger and authenticator. */
  readonly examples: readonly string[];
};

/** Ledgers in one page: a few milliseconds of a store that others wait for. */
const pageSize = 200;
const atOnce = 64;
/** Where another process goes on sealing under an older key, there is no end to it. */
const maxPasses = 4;
const maxExamples = 20;
const maxTries = 6;

/**
 * Puts every secret under the newest key. What is done is in the records themselves: whoever was stopped begins anew, and finds the rest.
 * A pass in which something was done is followed by another, because an enrolment may come in behind its back. Rejects with
 * `StoreUnavailable` when store or key service stay away.
 */
export async function reencryptSecrets(deps: ReencryptDeps): Promise<Reencryption> {
  const total = sumOf(await count(deps));
  let moved = 0;
  for (let passes = 1; ; passes++) {
    const pass = await runPass(deps, (done) => deps.onProgress({ done: moved + done, total: Math.max(total, moved + done) }));
    moved += pass.moved;
    const { left, unreadable, damaged, examples } = pass;
    if (pass.moved + pass.overtaken === 0) return { moved, left, unreadable, damaged, examples };
    if (passes === maxPasses) return { moved, left: await count(deps), unreadable, damaged, examples };
  }
}

/** `left`: the unreadable ones, by key. Examples are few, however much there is. */
type Pass = { moved: number; overtaken: number; unreadable: number; damaged: number; left: Map<string, number>; examples: string[] };

async function runPass(deps: ReencryptDeps, onMoved: (moved: number) => void): Promise<Pass> {
  const startedAt = performance.now();
  const pass: Pass = { moved: 0, overtaken: 0, unreadable: 0, damaged: 0, left: new Map(), examples: [] };
  let seen = 0;
  for await (const { secrets, damaged } of pages(deps)) {
    for (const ledger of damaged) addTo(pass, "damaged", ledger);
    for (const some of inChunks(secrets)) {
      const outcomes = await Promise.all(some.map((secret) => patiently(deps, () => move(deps, secret))));
      for (const [index, secret] of some.entries()) addOutcome(pass, outcomes[index] ?? "overtaken", secret);
      seen += some.length;
      onMoved(pass.moved);
      const aheadMs = (seen / deps.maxPerSecond) * 1000 - (performance.now() - startedAt);
      if (aheadMs > 1) await deps.pause(aheadMs);
    }
  }
  return pass;
}

function addOutcome(pass: Pass, outcome: Outcome, { ledger, authenticator, sealed }: SealedSecret): void {
  if (outcome !== "unreadable") {
    pass[outcome] += 1;
    return;
  }
  addTo(pass, outcome, `${ledger} ${authenticator}`);
  addOne(pass.left, keyIdOf(sealed));
}

function addTo(pass: Pass, what: "unreadable" | "damaged", example: string): void {
  pass[what] += 1;
  if (pass.examples.length < maxExamples) pass.examples.push(example);
}

type Outcome = "moved" | "overtaken" | "unreadable";

/** `overtaken`: the secret is another one by now, or gone. Nobody waits for this one, so nothing else of the record is touched. */
async function move({ store, vault }: ReencryptDeps, secret: SealedSecret): Promise<Outcome> {
  const { application, ledger, authenticator } = secret;
  const context = { application, ledger, authenticator };
  const opened = await vault.open(secret.sealed, context);
  if (!opened) return "unreadable";
  const by = await vault.seal(opened, context);
  opened.fill(0);
  return (await store.replaceSecret({ ...secret, by })) ? "moved" : "overtaken";
}

async function count(deps: ReencryptDeps): Promise<Map<string, number>> {
  const left = new Map<string, number>();
  for await (const { secrets } of pages(deps)) for (const { sealed } of secrets) addOne(left, keyIdOf(sealed));
  return left;
}

const addOne = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);

async function* pages(deps: ReencryptDeps) {
  let after = "";
  for (;;) {
    const page = await patiently(deps, () => deps.store.listSecrets({ after, limit: pageSize, except: deps.newestKey }));
    yield page;
    if (page.next === undefined) return;
    after = page.next;
  }
}

/** An outage of some seconds does not end a run of hours. */
async function patiently<T>({ pause, signal }: ReencryptDeps, work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || tried === maxTries) throw error;
      await pause(100 * 2 ** tried);
    }
  }
}

function* inChunks<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += atOnce) yield all.slice(from, from + atOnce);
}

const sumOf = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((sum, each) => sum + each, 0);
