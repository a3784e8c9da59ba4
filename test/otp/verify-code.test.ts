import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { LedgerStore } from "../../src/otp/store-ports.ts";
import { application, createFixture, hour, minute, no, ok } from "./fixture.ts";

const payment = { purpose: "payment", binding: { amount: "100.00 EUR", payee: "Jane" } };

describe("verifyCode", () => {
  it("accepts the right code once", async () => {
    const f = createFixture();
    const { challengeId } = await ok(f.send());
    const verification = await ok(f.verify(challengeId, f.right()));
    expect(verification).toEqual({
      challengeId,
      recipient: { kind: "phone", value: "+4915112345678" },
      channel: "sms",
      purpose: "login",
      verifiedAt: f.clock.now,
      proofToken: "",
    });
    expect(await no(f.verify(challengeId, f.right()))).toMatchObject({ reason: "CODE_ALREADY_USED" });
    expect(await ok(f.get(challengeId))).toMatchObject({ state: "verified" });
  });

  it("counts wrong codes down, then refuses the right one too", async () => {
    const f = createFixture();
    const { challengeId } = await ok(f.send());
    for (const left of ["4", "3", "2", "1", "0"]) {
      expect(await no(f.verify(challengeId, f.wrong()))).toMatchObject({ reason: "CODE_MISMATCH", metadata: { attempts_remaining: left } });
    }
    expect(await no(f.verify(challengeId, f.right()))).toMatchObject({ reason: "TOO_MANY_ATTEMPTS", metadata: { scope: "challenge" } });
    expect(await ok(f.get(challengeId))).toMatchObject({ state: "exhausted", attemptsRemaining: 0 });
  });

  it("does not refund guesses for a new challenge, and forgives them after a success", async () => {
    const f = createFixture();
    const first = await ok(f.send());
    for (let i = 0; i < 5; i += 1) await no(f.verify(first.challengeId, f.wrong()));
    const second = await ok(f.send());
    for (let i = 0; i < 4; i += 1) await no(f.verify(second.challengeId, f.wrong()));
    expect(await ok(f.get(second.challengeId))).toMatchObject({ attemptsRemaining: 1 });
    await ok(f.verify(second.challengeId, f.right()));
    const third = await ok(f.send());
    expect(third.attemptsRemaining).toBe(5);
  });

  it("locks a recipient for the rest of the hour, then of the day, and after fifty in a row for good", async () => {
    const lenient = { ...application, limits: { ...application.limits, sendWindows: [{ windowMs: minute, max: 100 }] } };
    const f = createFixture({ application: lenient });
    const failOnce = async (challengeId: string) => ((await no(f.verify(challengeId, f.wrong()))).reason === "CODE_MISMATCH" ? 1 : 0);
    const fail = async () => {
      let failures = 0;
      for (;;) {
        const sent = await f.send();
        if (!sent.ok) return { failures, refusal: sent.refusal };
        for (let i = 0; i < 5; i += 1) failures += await failOnce(sent.value.challengeId);
        f.clock.now += 1;
      }
    };
    expect((await fail()).failures).toBe(10);
    f.clock.now += hour;
    const daily = await fail();
    expect(daily.failures).toBe(10);
    expect(daily.refusal.retryAfterMs).toBeGreaterThan(22 * hour);
    f.clock.now += 24 * hour;
    let total = 20;
    let last = daily.refusal;
    while (last.retryAfterMs !== undefined) {
      const day = await fail();
      total += day.failures;
      last = day.refusal;
      f.clock.now += last.retryAfterMs ?? 0;
    }
    expect(total).toBe(50);
    f.clock.now += 300 * 24 * hour;
    expect(await no(f.send())).toMatchObject({ reason: "TOO_MANY_ATTEMPTS", metadata: { scope: "recipient" } });
  });

  it("refuses the right code under another purpose or binding, at the price of a guess", async () => {
    const f = createFixture();
    const { challengeId } = await ok(f.send(payment));
    const others = [
      {},
      { ...payment, purpose: "login" },
      { ...payment, binding: {} },
      { ...payment, binding: { ...payment.binding, amount: "900.00 EUR" } },
    ];
    for (const [index, other] of others.entries()) {
      expect(await no(f.verify(challengeId, f.right(), other))).toMatchObject({
        reason: "BINDING_MISMATCH",
        metadata: { attempts_remaining: String(4 - index) },
      });
    }
    await ok(f.verify(challengeId, f.right(), { ...payment, binding: { payee: "Jane", amount: "100.00 EUR" } }));
  });

  it("does not tell by the answer to a wrong binding whether the code was right", async () => {
    const f = createFixture();
    const { challengeId } = await ok(f.send(payment));
    const right = await no(f.verify(challengeId, f.right()));
    const wrong = await no(f.verify(challengeId, f.wrong()));
    expect({ ...wrong, metadata: {} }).toEqual({ ...right, metadata: {} });
  });

  it("expires at the second, whatever the caller's clock says", async () => {
    const f = createFixture();
    const { challengeId } = await ok(f.send());
    f.clock.now += 5 * minute - 1;
    expect(await no(f.verify(challengeId, f.wrong()))).toMatchObject({ reason: "CODE_MISMATCH" });
    f.clock.now += 1;
    expect(await no(f.verify(challengeId, f.right()))).toMatchObject({ reason: "CODE_EXPIRED" });
    expect(await ok(f.get(challengeId))).toMatchObject({ state: "expired" });
    f.clock.now += hour;
    await ok(f.send());
    expect(await no(f.verify(challengeId, f.right()))).toMatchObject({ reason: "CHALLENGE_NOT_FOUND" });
  });

  it("gives a retry with the same request id the same answer for free, right or wrong", async () => {
    const f = createFixture();
    const { challengeId } = await ok(f.send());
    for (let i = 0; i < 7; i += 1) {
      expect(await no(f.verify(challengeId, f.wrong(), { requestId: "r-1" }))).toMatchObject({
        reason: "CODE_MISMATCH",
        metadata: { attempts_remaining: "4" },
      });
    }
    const first = await ok(f.verify(challengeId, f.right(), { requestId: "r-2" }));
    f.clock.now += 1_000;
    expect(await ok(f.verify(challengeId, f.right(), { requestId: "r-2" }))).toEqual(first);
    expect(await no(f.verify(challengeId, f.right(), { requestId: "r-3" }))).toMatchObject({ reason: "CODE_ALREADY_USED" });
  });

  it("does not let a known request id be used to find out the code it was for", async () => {
    const f = createFixture();
    const { challengeId } = await ok(f.send());
    await ok(f.verify(challengeId, f.right(), { requestId: "r-1" }));
    for (let i = 0; i < 5; i += 1) {
      expect(await no(f.verify(challengeId, f.wrong(), { requestId: "r-1" }))).toMatchObject({ reason: "IDEMPOTENCY_KEY_REUSED" });
    }
    expect(await no(f.verify(challengeId, f.right(), { requestId: "r-1" }))).toMatchObject({ reason: "TOO_MANY_ATTEMPTS" });
  });

  it("hides a challenge from every other application", async () => {
    const f = createFixture();
    const { challengeId } = await ok(f.send());
    const other = { ...f.call, caller: { ...f.call.caller, application: { ...application, id: "bank" } } };
    expect(await no(f.verify(challengeId, f.right(), {}, other))).toMatchObject({ reason: "CHALLENGE_NOT_FOUND" });
    expect(await no(f.get(challengeId, other))).toMatchObject({ reason: "CHALLENGE_NOT_FOUND" });
    expect(await no(f.cancel(challengeId, other))).toMatchObject({ reason: "CHALLENGE_NOT_FOUND" });
    expect(await no(f.resend(challengeId, {}, other))).toMatchObject({ reason: "CHALLENGE_NOT_FOUND" });
  });

  it("answers a retry the same at every step of a rotation", async () => {
    const [old, next] = [
      { id: "old", secret: randomBytes(32) },
      { id: "next", secret: randomBytes(32) },
    ];
    const f = createFixture({ codeKeys: [old] });
    const { challengeId } = await ok(f.send());
    const first = await ok(f.verify(challengeId, f.right(), { requestId: "r" }));
    for (const codeKeys of [
      [old, next],
      [next, old],
    ]) {
      const later = createFixture({ codeKeys });
      Object.assign(later.deps, { ledgers: f.deps.ledgers });
      expect(await ok(later.verify(challengeId, f.right(), { requestId: "r" }))).toEqual(first);
    }
  });

  it("verifies codes of an older key after a rotation", async () => {
    const old = { id: "old", secret: randomBytes(32) };
    const f = createFixture({ codeKeys: [old] });
    const { challengeId } = await ok(f.send());
    const rotated = createFixture({ codeKeys: [{ id: "new", secret: randomBytes(32) }, old] });
    const ledgers: LedgerStore = f.deps.ledgers;
    Object.assign(rotated.deps, { ledgers });
    await ok(rotated.verify(challengeId, f.right()));
  });

  it("stretches codes by scrypt where the application wants it", async () => {
    const f = createFixture({ application: { ...application, code: { ...application.code, hash: "scrypt" } } });
    const { challengeId } = await ok(f.send());
    expect(await no(f.verify(challengeId, f.wrong()))).toMatchObject({ reason: "CODE_MISMATCH" });
    await ok(f.verify(challengeId, f.right()));
    const plain = { ...f.call, caller: { ...f.call.caller, application } };
    const second = await ok(f.send());
    expect(await no(f.verify(second.challengeId, f.right(), {}, plain))).toMatchObject({ reason: "CODE_MISMATCH" });
  });

  it("does not believe a store that approves a code it does not hold", async () => {
    const f = createFixture();
    const { challengeId } = await ok(f.send());
    const { verify } = f.deps.ledgers;
    Object.assign(f.deps.ledgers, {
      verify: async (request: Parameters<typeof verify>[0]) => ({ status: "approved", view: await f.deps.ledgers.read(request) }),
    });
    await expect(f.verify(challengeId, f.wrong())).rejects.toThrow(/does not hold/);
  });

  it.each([
    [{ challengeId: "" }, "challenge_id"],
    [{ challengeId: "a b" }, "challenge_id"],
    [{ challengeId: "x".repeat(65) }, "challenge_id"],
    [{ code: "" }, "code"],
    [{ code: "12" }, "code"],
    [{ code: "12345x" }, "code"],
    [{ code: "1".repeat(65) }, "code"],
    [{ purpose: "É" }, "purpose"],
    [{ binding: { amount: "\u202e" } }, 'binding["amount"]'],
    [{ requestId: "\u007f" }, "request_id"],
  ])("refuses %j, naming %s, at no cost", async (request, field) => {
    const f = createFixture();
    const { challengeId } = await ok(f.send());
    const refusal = await no(f.verify(challengeId, f.right(), request));
    expect(refusal.violations?.map((violation) => violation.field)).toContain(field);
    expect((await ok(f.get(challengeId))).attemptsRemaining).toBe(5);
  });

  it.each(["nope", "A".repeat(36), "A".repeat(64)])("does not find %s", async (challengeId) => {
    expect(await no(createFixture().verify(challengeId, "123456"))).toMatchObject({ reason: "CHALLENGE_NOT_FOUND" });
  });
});
