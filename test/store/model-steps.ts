/** What the model-based test draws its sequences from. */
import fc from "fast-check";
import type { Claim, LedgerAuthenticator } from "../../src/otp/authenticator.ts";
import { rememberMs } from "../../src/otp/ledger.ts";
import { authenticatorWith, minute } from "./requests.ts";

/** Nothing here depends on how fast the calls follow each other: times are over at once, or not before the test is. */
const hour = 60 * minute;
const limits = fc.record({
  guessesPerChallenge: fc.integer({ min: 1, max: 9 }),
  sendsPerChallenge: fc.integer({ min: 1, max: 6 }),
  cooldownsMs: fc.constantFrom([], [0], [0], [0, hour], [0, 0, 2 * hour]),
  failureWindows: fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 2, max: 12 })).map(windows),
  failuresInRow: fc.integer({ min: 2, max: 12 }),
  sendWindows: fc.tuple(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 3, max: 12 })).map(windows),
});
function windows([few, more]: [number, number]) {
  return [
    { windowMs: hour, max: few },
    { windowMs: 2 * hour, max: more },
  ];
}

const nonce = fc.constantFrom(0, 0, 0, 0, 1, 2);
const content = fc.constantFrom("same", "same", "same", "other");
const idempotency = fc.option(fc.record({ key: fc.constantFrom("k1", "k2"), content }), { nil: undefined });
const channel = fc.constantFrom("sms", "voice", "email");
const message = fc.record({
  channel,
  code: fc.constantFrom("1", "2", "3"),
  leaseMs: fc.constantFrom(0, hour),
  sealed: fc.constantFrom("s1", "s2"),
  idempotency,
});
const lifetimeMs = fc.oneof(
  { weight: 20, arbitrary: fc.constant(hour) },
  { weight: 1, arbitrary: fc.constantFrom(-1, -rememberMs, -rememberMs - 1) },
);
const request = fc.option(fc.record({ id: fc.constantFrom("r1", "r2"), content }), { nil: undefined });
const hashes = fc.subarray(["1", "2", "3", "4"], { minLength: 1, maxLength: 2 });
const context = fc.oneof({ weight: 7, arbitrary: fc.constant("context") }, { weight: 1, arbitrary: fc.constant("other") });
const someFallback = fc.record(
  { channels: fc.shuffledSubarray(["sms", "voice", "email"] as const, { minLength: 1 }), afterMs: fc.constantFrom(0, 0, hour) },
  { requiredKeys: ["channels"] },
);
const fallback = fc.oneof(
  { weight: 3, arbitrary: someFallback.map((it) => ({ ...it, channels: [...it.channels] })) },
  { weight: 1, arbitrary: fc.constant(undefined) },
);
const subject = fc.constantFrom(undefined, undefined, undefined, "a subject's ledger");
const allKinds = ["totp", "hotp", "recovery_code"] as const;
const kinds = fc.oneof(
  { weight: 3, arbitrary: fc.constant(allKinds) },
  { weight: 1, arbitrary: fc.subarray([...allKinds], { minLength: 1 }) },
);
const authenticator = fc.constantFrom("a1", "a1", "a2", "a2", "a3", "a4", "a5", "constructor", "$$ROOT", "a1.next");
const claim: fc.Arbitrary<Claim | null | undefined> = fc.oneof(
  fc.constantFrom(undefined, null),
  fc.record({ authenticator, position: fc.constantFrom(5, 6, 4, 3, 7), drift: fc.integer({ min: -1, max: 1 }) }),
  fc.record({ authenticator: fc.oneof(fc.constant("a3"), authenticator), hash: fc.constantFrom("h1", "h2", "h3") }),
);

/** What the ledger holds before the first step. */
export const whatIsThere: fc.Arbitrary<Record<string, LedgerAuthenticator>> = fc
  .subarray([
    ["a1", authenticatorWith({ next: 5 })],
    ["a2", authenticatorWith({ kind: "hotp", next: 4 })],
    ["a3", authenticatorWith({ kind: "recovery_code", unused: ["h1", "h2"], salt: "salt" })],
    ["a4", authenticatorWith({ confirmBy: Date.now() + 2 * hour })],
    ["a5", authenticatorWith({ confirmBy: 1 })],
  ] as const)
  .map((entries) => structuredClone(Object.fromEntries(entries)));

const open = fc.record({ verb: fc.constant("open"), nonce, message, lifetimeMs, limits, subject, fallback });
const openUnsent = fc.record({
  verb: fc.constant("openUnsent"),
  nonce,
  lifetimeMs,
  limits,
  accepts: kinds,
  sealed: fc.constantFrom("s1", "s2"),
  idempotency,
  hideAbsence: fc.boolean(),
});
const resend = fc.record({ verb: fc.constant("resend"), nonce, message, keepPrevious: fc.boolean(), limits, nth: fc.constant(undefined) });
const resendInstead = fc.record({
  verb: fc.constant("resend"),
  nonce,
  message: fc.oneof({ weight: 1, arbitrary: message }, { weight: 4, arbitrary: message.map((it) => ({ ...it, idempotency: undefined })) }),
  keepPrevious: fc.boolean(),
  limits,
  nth: fc.constantFrom(0, 0, 0, 1),
});
const verify = fc.record({
  verb: fc.constant("verify"),
  nonce,
  hashes,
  context,
  request,
  limits,
  claim,
  subjectCharged: fc.boolean(),
  hidesLock: fc.boolean(),
});
const record = fc.record(
  {
    verb: fc.constant("record"),
    nonce,
    nth: fc.constantFrom(0, 0, 1, 2),
    state: fc.constantFrom("unknown", "accepted", "delivered", "failed", "failed"),
    provider: fc.constantFrom("p1", "p1", "p1", "p2"),
    reference: fc.constantFrom("r1", "r2"),
    failure: fc.constantFrom("timeout", "throttled"),
  },
  { requiredKeys: ["verb", "nonce", "nth", "state", "provider"] },
);
const cancel = fc.record({ verb: fc.constant("cancel"), nonce });
const endFallback = fc.record({ verb: fc.constant("endFallback"), nonce });
const dueFallbacks = fc.record({ verb: fc.constant("dueFallbacks") });
const read = fc.record({ verb: fc.constant("read"), nonce });
const forgive = fc.record({ verb: fc.constant("forgive") });
const charge = fc.record({ verb: fc.constant("charge"), limits });

const any = fc.oneof(open, openUnsent, resend, resendInstead, verify, record, cancel, endFallback, dueFallbacks, read, forgive, charge);
const ofMessages = fc.oneof(
  { weight: 3, arbitrary: open },
  { weight: 3, arbitrary: resend },
  { weight: 6, arbitrary: resendInstead },
  { weight: 5, arbitrary: record },
  { weight: 3, arbitrary: verify },
  { weight: 2, arbitrary: dueFallbacks },
  { weight: 1, arbitrary: any },
);
const ofAuthenticators = fc.oneof(
  { weight: 3, arbitrary: openUnsent },
  { weight: 9, arbitrary: verify },
  { weight: 1, arbitrary: charge },
  { weight: 1, arbitrary: forgive },
  { weight: 1, arbitrary: any },
);
export type Step = typeof any extends fc.Arbitrary<infer T> ? T : never;

/** Calls that begin with one that lets the others find something. */
const beginning = (first: fc.Arbitrary<Step>, then: fc.Arbitrary<Step>): fc.Arbitrary<Step[]> =>
  fc.tuple(first, fc.array(then, { minLength: 8, maxLength: 24, size: "max" })).map(([one, more]) => [one, ...more]);

export const sequence = fc.oneof(beginning(open, ofMessages), beginning(openUnsent, ofAuthenticators), beginning(any, any));
