import { describe, expect, test } from "vitest";
import { decoyOf, isDecoy, recordOf } from "../../src/otp/decoy.ts";
import type { SendAsk } from "../../src/otp/guard-ports.ts";
import type { SendResult } from "../../src/otp/ports.ts";
import type { Application, Call } from "../../src/otp/types.ts";
import { application, createFixture, no, ok } from "./fixture.ts";

type Options = Parameters<typeof createFixture>[0] & { readonly keyId?: string };

/** What a page sees, whose sends take no time. */
function browsing({ keyId = "page", ...options }: Options = {}) {
  const f = createFixture(options);
  const page: Call = { ...f.call, caller: { application: options.application ?? application, kind: "browser", rights: ["codes"], keyId } };
  f.deps.pretence.saw(f.deps.routes.get("sms")?.carrier as never, 0, "browser");
  const fail = async (count: number): Promise<string> => {
    let last = "";
    for (let guess = 0; guess < count; guess++) {
      if (guess % 5 === 0) last = (await ok(f.send())).challengeId;
      await no(f.verify(last, f.wrong()));
    }
    return last;
  };
  return { ...f, page, lock: () => fail(10), fail };
}

/** Without what every challenge has of its own. */
const shape = ({ challengeId: _, ...challenge }: { readonly challengeId: string }) => challenge;

describe("a locked recipient", () => {
  test("gets a browser a challenge like any other, which no code verifies, and a service the truth", async () => {
    const fresh = await ok(browsing().send({}, browsing().page));
    const f = browsing();
    await f.lock();
    const sent = f.sent.length;
    const challenge = await ok(f.send({}, f.page));
    expect(shape(challenge)).toEqual(shape(fresh));
    expect(challenge.challengeId.slice(0, 20)).toBe(fresh.challengeId.slice(0, 20));
    expect(f.sent).toHaveLength(sent);
    expect(await no(f.send())).toMatchObject({ reason: "TOO_MANY_ATTEMPTS" });
    expect(await ok(f.get(challenge.challengeId, f.page))).toMatchObject({ state: "pending", attemptsRemaining: 5 });
    for (const left of [4, 3, 2, 1, 0])
      expect(await no(f.verify(challenge.challengeId, "123456", {}, f.page))).toMatchObject({
        reason: "CODE_MISMATCH",
        metadata: { attempts_remaining: String(left) },
      });
    expect(await no(f.verify(challenge.challengeId, "123456", {}, f.page))).toMatchObject({
      reason: "TOO_MANY_ATTEMPTS",
      metadata: { scope: "challenge" },
    });
    expect(await ok(f.get(challenge.challengeId, f.page))).toMatchObject({ state: "exhausted" });
  });

  test("keeps a challenge from before looking as it did: resent, guessed at, and compared with nothing", async () => {
    const f = browsing();
    const before = await ok(f.send({}, f.page));
    const right = f.right();
    await f.lock();
    const failures = [...([...f.ledgers.values()][0]?.failures ?? [])];
    expect(await no(f.verify(before.challengeId, right, {}, f.page))).toMatchObject({ metadata: { attempts_remaining: "4" } });
    f.clock.now += 30_000;
    const sent = f.sent.length;
    expect(await no(f.resend(before.challengeId))).toMatchObject({ reason: "TOO_MANY_ATTEMPTS" });
    expect(await ok(f.resend(before.challengeId, {}, f.page))).toMatchObject({ sendsRemaining: 3, attemptsRemaining: 4 });
    expect(f.sent).toHaveLength(sent);
    expect([...f.ledgers.values()][0]).toMatchObject({ failures, failuresInRow: 10 });
  });

  test("stays the same challenge for a retry, and answers a resend after the lock with nothing", async () => {
    const f = browsing();
    await f.lock();
    const [one, two] = [await ok(f.send({ idempotencyKey: "k" }, f.page)), await ok(f.send({ idempotencyKey: "k" }, f.page))];
    expect(two).toEqual(one);
    expect(await no(f.resend(one.challengeId, {}, f.page))).toMatchObject({ reason: "RESEND_COOLDOWN" });
    f.clock.now += 60_000;
    Object.assign([...f.ledgers.values()][0] as object, { failures: [], failuresInRow: 0, sends: [] });
    const sent = f.sent.length;
    expect(await ok(f.resend(one.challengeId, {}, f.page))).toMatchObject({ sendsRemaining: 3, deliveries: [{}, { state: "accepted" }] });
    expect(f.sent).toHaveLength(sent);
    expect(await ok(f.cancel(one.challengeId, f.page))).toMatchObject({ state: "canceled" });
  });
});

test("a recipient that has had enough gets a browser a challenge, and is sent nothing", async () => {
  const f = browsing();
  for (let message = 0; message < 5; message++) await ok(f.send());
  expect(await no(f.send())).toMatchObject({ reason: "RATE_LIMITED" });
  const challenges = [await ok(f.send({}, f.page)), await ok(f.send({}, f.page))];
  expect(f.sent).toHaveLength(5);
  // In records of their own, which nobody can fill the recipient's with.
  expect(f.ledgers.size).toBe(3);
  const refs = challenges.map(({ challengeId: id }) => ({ ledger: id.slice(0, 20), nonce: id.slice(20), application: "shop" }));
  expect(refs.map((ref) => isDecoy(f.deps.keyring, ref))).toEqual([true, true]);
});

test("decoys are told from others by whoever has the key, and only then", () => {
  const { keyring } = createFixture().deps;
  const ref = { ledger: "l".repeat(20), nonce: "n".repeat(16), application: "shop" };
  const decoy = decoyOf(keyring, ref);
  expect(decoy).toEqual({ ...ref, nonce: expect.stringMatching(/^n{8}[A-Za-z0-9_-]{8}$/) });
  expect([ref, decoy, { ...decoy, ledger: "k".repeat(20) }].map((each) => isDecoy(keyring, each))).toEqual([false, true, false]);
  expect(recordOf(keyring, ref)).toBe(ref.ledger);
  expect(recordOf(keyring, decoy)).toMatch(/^[A-Za-z0-9_-]{20}$/);
  expect(recordOf(keyring, decoy)).not.toBe(ref.ledger);
});

test.for<[SendResult["outcome"] & string, "recipient_refused" | "recipient_opted_out"]>([
  ["permanent", "recipient_refused"],
  ["permanent", "recipient_opted_out"],
])("a vendor's no to a recipient looks like a yes: %s %s", async ([, failure]) => {
  const f = browsing({ carry: () => ({ outcome: "permanent", failure }) });
  expect(await no(f.send())).toMatchObject({ reason: "DELIVERY_FAILED", metadata: { failure } });
  const channels = ["sms", "voice"] as const;
  const challenge = await ok(f.send({ channels, idempotencyKey: "k" }, f.page));
  expect(challenge).toMatchObject({ channel: "sms", deliveries: [{ state: "accepted", failure: "", provider: "" }] });
  expect(await ok(f.send({ channels, idempotencyKey: "k" }, f.page))).toEqual(challenge);
  expect(await ok(f.get(challenge.challengeId))).toMatchObject({ deliveries: [{ state: "unknown", failure, provider: "first" }] });
});

test("a vendor that is away is no secret, and why it is stays one", async () => {
  const f = browsing({ carry: () => ({ outcome: "retryable", failure: "throttled" }) });
  const refusal = await no(f.send({}, f.page));
  expect(refusal).toMatchObject({ reason: "DELIVERY_FAILED" });
  expect(refusal).not.toHaveProperty("metadata");
});

test("what became of a message, and when, is the service's to know", async () => {
  const f = browsing();
  const { challengeId, deliveries } = await ok(f.send({}, f.page));
  const [deliveryId = ""] = Object.keys([...f.ledgers.values()][0]?.challenges[challengeId.slice(20)]?.deliveries ?? {});
  f.clock.now += 5_000;
  const ref = { ledger: challengeId.slice(0, 20), nonce: challengeId.slice(20), application: "shop" };
  await f.deps.ledgers.recordDelivery({ ...ref, deliveryId, state: "delivered", provider: "first" });
  expect((await ok(f.get(challengeId))).deliveries).toMatchObject([{ state: "delivered" }]);
  expect((await ok(f.get(challengeId, f.page))).deliveries).toEqual(deliveries);
});

test("others' failures do not show in what is left", async () => {
  const f = browsing();
  await f.fail(8);
  expect(await ok(f.send())).toMatchObject({ attemptsRemaining: 2 });
  const { challengeId, attemptsRemaining } = await ok(f.send({}, f.page));
  expect(attemptsRemaining).toBe(5);
  expect(await no(f.verify(challengeId, f.wrong(), {}, f.page))).toMatchObject({ metadata: { attempts_remaining: "4" } });
});

test("a sandbox is like any other recipient, limits and all, and its code verifies", async () => {
  const sandboxed: Application = { ...application, sandbox: new Map([["+4915112345678", "424242"]]) };
  const f = browsing({ application: sandboxed });
  const asked: SendAsk[] = [];
  const guard = {
    admit: async (ask: SendAsk) => {
      asked.push(ask);
      return { outcome: "suppressed", why: "limit prefix" } as const;
    },
  };
  Object.assign(f.deps, { guard });
  const challenge = await ok(f.send({}, f.page));
  expect(challenge).toMatchObject({ sandbox: false, deliveries: [{ provider: "", state: "accepted" }] });
  expect(asked).toMatchObject([{ unsent: true }]);
  await ok(f.verify(challenge.challengeId, "424242", {}, f.page));
  expect(await ok(f.send())).toMatchObject({ sandbox: true });
  expect(asked).toHaveLength(1);
});

test("an idempotency key is one's own: of a service's send a page learns nothing", async () => {
  const f = browsing();
  const other = browsing({ keyId: "other" });
  const first = await ok(f.send({ idempotencyKey: "k" }));
  const ids = [first.challengeId];
  for (const call of [f.page, other.page]) ids.push((await ok(f.send({ idempotencyKey: "k" }, call))).challengeId);
  expect(new Set(ids).size).toBe(3);
  expect((await ok(f.send({ idempotencyKey: "k", locale: "de" }, { ...f.page, caller: { ...f.page.caller, keyId: "third" } }))).state).toBe(
    "pending",
  );
});

test("a page asks for no messages that follow by themselves", async () => {
  const f = browsing();
  expect(await no(f.send({ channels: ["sms", "voice"], automaticFallback: true }, f.page))).toMatchObject({
    violations: [{ field: "automatic_fallback", description: expect.stringContaining("only services") }],
  });
});

test("a challenge for a purpose that a key is not for is none", async () => {
  const f = browsing();
  const { challengeId } = await ok(f.send({ purpose: "payment" }));
  const page = { ...f.page, caller: { ...f.page.caller, application: { ...application, purposes: ["login"] } } };
  for (const refusal of [f.get(challengeId, page), f.resend(challengeId, {}, page), f.cancel(challengeId, page)])
    expect(await no<{ reason: string }>(refusal)).toMatchObject({ reason: "CHALLENGE_NOT_FOUND" });
  expect(await no(f.verify(challengeId, f.right(), { purpose: "payment" }, page))).toMatchObject({ violations: [{ field: "purpose" }] });
  expect(await no(f.send({ purpose: "payment" }, page))).toMatchObject({ violations: [{ field: "purpose" }] });
  await ok(f.verify(challengeId, f.right(), { purpose: "payment" }));
});
