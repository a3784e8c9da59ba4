import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ChallengeRef, Ledger } from "../../src/otp/ledger.ts";
import { chargeSubject, openUnsent } from "../../src/otp/ledger-authenticators.ts";
import { recordDelivery } from "../../src/otp/ledger-messages.ts";
import * as rules from "../../src/otp/ledger-rules.ts";
import type { LedgerStore } from "../../src/otp/store-ports.ts";
import { dueIn } from "../../src/store/due-fallbacks.ts";
import type { GetStore, Plant } from "./contract.ts";
import { type Step, sequence, whatIsThere } from "./model-steps.ts";
import { another, guessing, messageWith, minute, newRef, opening, openingUnsent, recording, resending } from "./requests.ts";

export function modelContract(store: GetStore, plant: Plant): void {
  describe("as the rules say", () => {
    test("any sequence of calls has the outcomes of otp/ledger-rules.ts", async () => {
      await fc.assert(
        fc.asyncProperty(whatIsThere, sequence, (authenticators, steps) => runBoth(store(), plant, { authenticators, steps })),
        { numRuns: 150, endOnFailure: false },
      );
    }, 120_000);
  });
}

type Sequence = { readonly authenticators: NonNullable<Ledger["authenticators"]>; readonly steps: readonly Step[] };

async function runBoth(store: LedgerStore, plant: Plant, { authenticators, steps }: Sequence): Promise<void> {
  const first = newRef();
  const refs = [first, another(first), another(first)];
  const ledger = rules.emptyLedger(first.application);
  if (Object.keys(authenticators).length > 0) {
    await plant(first, authenticators);
    ledger.authenticators = structuredClone(authenticators);
  }
  for (const [index, one] of steps.entries()) {
    const [actual, expected] = await takeStep({ store, ledger, refs }, one);
    expect(alike(actual, expected), `step ${index}: ${JSON.stringify(one)}`).toEqual(expected);
  }
}

type Both = { readonly store: LedgerStore; readonly ledger: Ledger; readonly refs: readonly ChallengeRef[] };

type Outcomes = readonly [actual: unknown, expected: unknown];
type Taken = Both & { readonly ref: ChallengeRef; readonly now: number };

async function takeStep(both: Both, one: Step): Promise<Outcomes> {
  const ref = both.refs["nonce" in one ? one.nonce : 0] ?? newRef();
  const taken = { ...both, ref, now: Date.now() };
  const verb = verbs[one.verb] as (taken: Taken, one: Step) => Promise<Outcomes>;
  return verb(taken, one);
}

/** What the rules answer shares their ledger, which moves on. */
const expecting = <T>(expected: T): T => structuredClone(expected);

const verbs: { readonly [V in Step["verb"]]: (taken: Taken, one: Extract<Step, { verb: V }>) => Promise<Outcomes> } = {
  async open({ store, ledger, ref, now }, { message, lifetimeMs, limits, subject, fallback }) {
    const more = { ...(subject !== undefined && { subject }), ...(fallback && { fallback }) };
    const call = opening(ref, { message: messageWith(message), lifetimeMs, limits, ...more });
    return [await store.open(call), expecting(rules.openChallenge(ledger, call, now))];
  },
  async openUnsent({ store, ledger, ref, now }, { idempotency, verb: _, nonce: __, ...more }) {
    const call = openingUnsent(ref, { ...more, ...(idempotency && { idempotency }) });
    return [await store.openUnsent(call), expecting(openUnsent(ledger, call, now))];
  },
  async charge({ store, ledger, ref, now }, { limits }) {
    const call = { ledger: ref.ledger, application: ref.application, limits };
    return [await store.charge(call), expecting(chargeSubject(ledger, call, now))];
  },
  async resend({ store, ledger, ref, now }, { message, keepPrevious, limits, nth }) {
    const insteadOf = nth === undefined ? undefined : deliveryOf(ledger, ref, nth);
    const call = resending(ref, { message: messageWith(message), keepPrevious, limits, ...(insteadOf && { insteadOf }) });
    return [await store.resend(call), expecting(rules.resendChallenge(ledger, call, now))];
  },
  async verify({ store, ledger, ref, now }, { hashes, context, request, limits, claim, subjectCharged, hidesLock }) {
    const more = { ...(request && { request }), ...(claim !== undefined && { claim }) };
    const call = guessing(ref, "", { hashes, context, limits, subjectCharged, hidesLock, ...more });
    return [await store.verify(call), expecting(rules.verifyChallenge(ledger, call, now))];
  },
  async cancel({ store, ledger, ref, now }) {
    return [await store.cancel(ref), expecting(rules.cancelChallenge(ledger, ref, now))];
  },
  async read({ store, ledger, ref, now }) {
    return [await store.read(ref), expecting(rules.readChallenge(ledger, ref, now))];
  },
  async record({ store, ledger, ref, now }, { nth, verb: _, nonce: __, ...more }) {
    const call = recording(ref, deliveryOf(ledger, ref, nth), more);
    return [await store.recordDelivery(call), expecting(recordDelivery(ledger, call, now))];
  },
  async endFallback({ store, ledger, ref }) {
    rules.endFallback(ledger, ref);
    return [await store.endFallback(ref), undefined];
  },
  async dueFallbacks({ store, ledger, refs, ref, now }) {
    const soon = now + minute / 4;
    // Others that are due wait in the same database.
    const due = (await store.dueFallbacks({ before: soon, limit: 10_000 })).filter((each) => each.ledger === ref.ledger);
    // A store may not have dropped yet what the rules forget.
    const known = refs.filter(({ nonce }) => nonce in ledger.challenges);
    const inOrder = (some: readonly ChallengeRef[]) => known.filter(({ nonce }) => some.some((each) => each.nonce === nonce));
    return [inOrder(due), inOrder(dueIn(ledger, ref.ledger, soon))];
  },
  async forgive({ store, ledger, ref }) {
    const isWritten = ledger.sends.length > 0 || ledger.failures.length > 0 || Object.keys(ledger.challenges).length > 0;
    const forgiven = await store.forgive(ref.ledger);
    Object.assign(ledger, { failures: [], failuresInRow: 0 });
    return isWritten || ledger.authenticators ? [forgiven, true] : [0, 0];
  },
};

const deliveryOf = (ledger: Ledger, ref: ChallengeRef, nth: number): string =>
  Object.keys(ledger.challenges[ref.nonce]?.deliveries ?? {}).at(-1 - nth) ?? "dNone";

/** `actual`, with every number that is as good as the expected one (moments and waits, some milliseconds apart) replaced by it. */
function alike(actual: unknown, expected: unknown): unknown {
  if (typeof actual === "number" && typeof expected === "number")
    return expected > minute && Math.abs(actual - expected) < minute / 4 ? expected : actual;
  if (!isObject(actual) || !isObject(expected)) return actual;
  const entries = Object.entries(actual).map(([key, value]) => [key, alike(value, expected[key])]);
  return Array.isArray(actual) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
