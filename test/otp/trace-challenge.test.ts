import { expect, test } from "vitest";
import { findingOf } from "../../src/commands/trace-finding.ts";
import { traceText } from "../../src/commands/trace-text.ts";
import type { Ledger, LedgerChallenge, LedgerDelivery } from "../../src/otp/ledger.ts";
import { traceChallenge } from "../../src/otp/trace-challenge.ts";
import { limitsWith } from "../store/requests.ts";

const at = Date.UTC(2026, 0, 1);
const ref = { ledger: "l".repeat(20), nonce: "n".repeat(16), application: "shop" };

const deliveryWith = (more: Partial<LedgerDelivery>): LedgerDelivery => ({
  channel: "sms",
  state: "accepted",
  provider: "vendor",
  createdAt: at,
  updatedAt: at + 300,
  leaseUntil: at + 20_000,
  ...more,
});

const challengeWith = (deliveries: readonly LedgerDelivery[], more: Partial<LedgerChallenge> = {}): LedgerChallenge => ({
  state: "open",
  purpose: "login",
  codeLength: 6,
  createdAt: at,
  expiresAt: at + 300_000,
  resendAt: at + 30_000,
  context: "digest-of-a-context",
  codes: ["hash-of-a-code"],
  attempts: 0,
  sends: deliveries.length,
  sealed: "sealed-recipient",
  deliveries: Object.fromEntries(deliveries.map((delivery, index) => [`d${index}`, delivery])),
  answers: { digest: { content: "digest-of-content", verdict: "mismatch", attemptsRemaining: 4 } },
  reuses: 0,
  ...more,
});

const ledgerWith = (challenge: LedgerChallenge, more: Partial<Ledger> = {}): Ledger => ({
  application: "shop",
  sends: [],
  failures: [],
  failuresInRow: 0,
  challenges: { [ref.nonce]: challenge },
  ...more,
});

function traced(challenge: LedgerChallenge, more: Partial<Ledger> & { readonly now?: number; readonly decoy?: boolean } = {}) {
  const { now = at + 60_000, decoy = false, ...ledger } = more;
  const trace = traceChallenge({ ref, decoy, ledger: ledgerWith(challenge, ledger), now, limits: limitsWith() });
  if (!trace) throw new Error("no trace");
  return { trace, finding: findingOf(trace), whats: trace.timeline.map(({ at: when, what }) => `${when - at} ${what}`) };
}

test.for<[string, LedgerDelivery, RegExp]>([
  [
    "taken, and nothing since",
    deliveryWith({ reference: "SM1" }),
    /^vendor took the message, and has told nothing since: ask it about SM1\.$/,
  ],
  ["taken without a name", deliveryWith({}), /ask it by the time\.$/],
  ["arrived", deliveryWith({ state: "delivered" }), /^vendor says that the message arrived\.$/],
  [
    "failed",
    deliveryWith({ state: "failed", failure: "throttled", vendorCode: "20429" }),
    /did not arrive: vendor \(throttled, vendor code 20429\)\.$/,
  ],
  ["failed by nobody", deliveryWith({ state: "failed", provider: "", failure: "timeout" }), /did not arrive: no provider \(timeout\)\.$/],
  [
    "unknown",
    deliveryWith({ state: "unknown", failure: "timeout" }),
    /^It is not known .*vendor may have taken it \(timeout\); it was not sent again/,
  ],
  [
    "just sending",
    { ...deliveryWith({ state: "sending" }), leaseUntil: at + 70_000 },
    /^The message is just being handed to a provider\.$/,
  ],
  ["abandoned", deliveryWith({ state: "sending" }), /^It is not known .*never recorded what came of it/],
  ["sandbox", deliveryWith({ provider: "sandbox" }), /^Nothing was sent: the recipient is one of the application's sandbox/],
  [
    "suppressed",
    deliveryWith({ provider: "", suppressed: "prefix blocked" }),
    /^Nothing was sent, and the caller, a browser, is not told: prefix blocked\.$/,
  ],
])("a message %s: the finding says so", ([, delivery, finding]) => {
  expect(traced(challengeWith([delivery])).finding).toMatch(finding);
});

test("a challenge that authenticators answer, and a decoy", () => {
  const { finding, trace } = traced(challengeWith([], { accepts: ["totp", "hotp"] }));
  expect(finding).toBe("Nothing is sent: it is answered with a code of the subject's totp, hotp.");
  expect(trace.sendsRemaining).toBe(0);
  const decoy = traced(challengeWith([deliveryWith({ provider: "", suppressed: "recipient exhausted" })]), {
    decoy: true,
    failuresInRow: 500,
  });
  expect(decoy.finding).toMatch(/this is a decoy, .* the recipient is locked\. No code verifies it\.$/);
  expect(decoy.trace.recipient).toMatchObject({ locked: true, failuresInRow: 500 });
});

test("a record from before times were kept is told as far as it goes", () => {
  const { whats, trace } = traced(challengeWith([deliveryWith({ state: "failed", failure: "throttled" })]));
  expect(whats).toEqual([
    "0 challenge opened",
    "0 message 1 (sms): asked for",
    "300 message 1 (sms): failed (vendor): throttled",
    "300000 expires",
  ]);
  expect(trace.deliveries).toEqual([
    {
      deliveryId: "d0",
      channel: "sms",
      state: "failed",
      provider: "vendor",
      failure: "throttled",
      createdAt: at,
      updatedAt: at + 300,
      times: {},
      tried: [],
      abandoned: false,
    },
  ]);
});

test("wrong codes count where they fall within the challenge; what comes next stands last", () => {
  const challenge = challengeWith([deliveryWith({ times: { accepted: at + 300 } })], {
    fallback: { channels: ["voice"], afterMs: 9, at: at + 90_000 },
  });
  const { whats } = traced(challenge, { failures: [at - 5, at + 40_000, at + 400_000] });
  expect(whats).toEqual([
    "0 challenge opened",
    "0 message 1 (sms): asked for",
    "300 message 1 (sms): accepted (vendor)",
    "40000 wrong code for this recipient (of any challenge)",
    "90000 goes on by voice, unless the message has arrived by then",
    "300000 expires",
  ]);
});

test.for<[string, Partial<LedgerChallenge>, number, string]>([
  ["pending", {}, 60_000, "pending"],
  ["exhausted", { attempts: 5 }, 60_000, "exhausted"],
  ["expired", { attempts: 5 }, 300_000, "expired"],
  ["verified", { state: "verified", verifiedAt: at + 9, verifiedBy: "totp" }, 400_000, "verified"],
  ["canceled", { state: "canceled", canceledAt: at + 9 }, 60_000, "canceled"],
])("its state is %s", ([, more, later, state]) => {
  expect(traced(challengeWith([], more), { now: at + later }).trace.state).toBe(state);
});

test("nothing of what is hashed or sealed is in any form of it", () => {
  const idempotency = { key: "digest-of-a-key", content: "digest-of-content" };
  const { trace, finding } = traced(challengeWith([deliveryWith({ idempotency, trace: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` })]));
  const shown = JSON.stringify(trace) + traceText(trace, finding);
  expect(shown).not.toMatch(/digest|hash-of|sealed-recipient/);
  expect(shown).toContain("a".repeat(32));
  expect(shown).toContain("the key that it is sealed under is not configured any more");
});

test("a challenge that is not there has no trace", () => {
  expect(
    traceChallenge({ ref: { ...ref, nonce: "x" }, decoy: false, ledger: ledgerWith(challengeWith([])), now: at, limits: limitsWith() }),
  ).toBeUndefined();
});
