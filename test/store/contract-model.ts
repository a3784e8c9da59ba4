import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ChallengeRef, type Ledger, rememberMs } from "../../src/otp/ledger.ts";
import * as rules from "../../src/otp/ledger-rules.ts";
import type { LedgerStore } from "../../src/otp/ports.ts";
import type { GetStore } from "./contract.ts";
import { another, guessing, messageWith, minute, newRef, opening, recording, resending } from "./requests.ts";

export function modelContract(store: GetStore): void {
  describe("as the rules say", () => {
    test("any sequence of calls has the outcomes of otp/ledger-rules.ts", async () => {
      const sequence = fc.array(step, { minLength: 1, maxLength: 24, size: "max" });
      await fc.assert(
        fc.asyncProperty(sequence, (steps) => runBoth(store(), steps)),
        { numRuns: 80, endOnFailure: false },
      );
    }, 120_000);
  });
}

/** Nothing here depends on how fast the calls follow each other: times are over at once, or not before the test is. */
const hour = 60 * minute;
const limits = fc.record({
  guessesPerChallenge: fc.integer({ min: 1, max: 5 }),
  sendsPerChallenge: fc.integer({ min: 1, max: 4 }),
  cooldownsMs: fc.constantFrom([], [0], [0, hour], [0, 0, 2 * hour]),
  failureWindows: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 2, max: 7 })).map(windows),
  failuresInRow: fc.integer({ min: 1, max: 7 }),
  sendWindows: fc.tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 3, max: 9 })).map(windows),
});
function windows([few, more]: [number, number]) {
  return [
    { windowMs: hour, max: few },
    { windowMs: 2 * hour, max: more },
  ];
}

const nonce = fc.nat(2);
const content = fc.constantFrom("same", "same", "same", "other");
const idempotency = fc.option(fc.record({ key: fc.constantFrom("k1", "k2"), content }), { nil: undefined });
const message = fc.record({
  code: fc.constantFrom("1", "2", "3"),
  leaseMs: fc.constantFrom(0, hour),
  sealed: fc.constantFrom("s1", "s2"),
  idempotency,
});
const lifetimeMs = fc.oneof(
  { weight: 8, arbitrary: fc.constant(hour) },
  { weight: 1, arbitrary: fc.constantFrom(-1, -rememberMs, -rememberMs - 1) },
);
const request = fc.option(fc.record({ id: fc.constantFrom("r1", "r2"), content }), { nil: undefined });
const hashes = fc.subarray(["1", "2", "3", "4"], { minLength: 1, maxLength: 2 });
const context = fc.constantFrom("context", "context", "context", "other");
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ verb: fc.constant("open"), nonce, message, lifetimeMs, limits }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant("resend"), nonce, message, keepPrevious: fc.boolean(), limits }) },
  { weight: 5, arbitrary: fc.record({ verb: fc.constant("verify"), nonce, hashes, context, request, limits }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant("cancel"), nonce }) },
  {
    weight: 2,
    arbitrary: fc.record({ verb: fc.constant("record"), nonce, nth: fc.nat(3), state: fc.constantFrom("accepted", "failed", "unknown") }),
  },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant("read"), nonce }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant("forgive") }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function runBoth(store: LedgerStore, steps: readonly Step[]): Promise<void> {
  const first = newRef();
  const refs = [first, another(first), another(first)];
  const ledger = rules.emptyLedger(first.application);
  for (const [index, one] of steps.entries()) {
    const [actual, expected] = await takeStep({ store, ledger, refs }, one);
    expect(alike(actual, expected), `step ${index}: ${JSON.stringify(one)}`).toEqual(expected);
  }
}

type Both = { readonly store: LedgerStore; readonly ledger: Ledger; readonly refs: readonly ChallengeRef[] };

async function takeStep({ store, ledger, refs }: Both, one: Step): Promise<[actual: unknown, expected: unknown]> {
  const now = Date.now();
  if (one.verb === "forgive") {
    const known = ledger.sends.length > 0 || Object.keys(ledger.challenges).length > 0;
    const forgiven = await store.forgive(refs[0]?.ledger ?? "");
    Object.assign(ledger, { failures: [], failuresInRow: 0 });
    return known ? [forgiven, true] : [0, 0];
  }
  const ref = refs["nonce" in one ? one.nonce : 0] ?? newRef();
  const expecting = <T>(expected: T): T => structuredClone(expected);
  switch (one.verb) {
    case "open": {
      const { message, lifetimeMs, limits } = one;
      const call = opening(ref, { message: messageWith(message), lifetimeMs, limits });
      return [await store.open(call), expecting(rules.openChallenge(ledger, call, now))];
    }
    case "resend": {
      const { message, keepPrevious, limits } = one;
      const call = resending(ref, { message: messageWith(message), keepPrevious, limits });
      return [await store.resend(call), expecting(rules.resendChallenge(ledger, call, now))];
    }
    case "verify": {
      const { hashes, context, request, limits } = one;
      const call = guessing(ref, "", { hashes, context, limits, ...(request && { request }) });
      return [await store.verify(call), expecting(rules.verifyChallenge(ledger, call, now))];
    }
    case "cancel":
      return [await store.cancel(ref), expecting(rules.cancelChallenge(ledger, ref, now))];
    case "read":
      return [await store.read(ref), expecting(rules.readChallenge(ledger, ref, now))];
    case "record": {
      const deliveryId = Object.keys(ledger.challenges[ref.nonce]?.deliveries ?? {})[one.nth] ?? "dNone";
      const call = recording(ref, deliveryId, { state: one.state });
      return [await store.recordDelivery(call), expecting(rules.recordDelivery(ledger, call, now))];
    }
  }
}

/** `actual`, with every number that is as good as the expected one (moments and waits, some milliseconds apart) replaced by it. */
function alike(actual: unknown, expected: unknown): unknown {
  if (typeof actual === "number" && typeof expected === "number")
    return expected > minute && Math.abs(actual - expected) < minute / 4 ? expected : actual;
  if (!isObject(actual) || !isObject(expected)) return actual;
  const entries = Object.entries(actual).map(([key, value]) => [key, alike(value, expected[key])]);
  return Array.isArray(actual) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
