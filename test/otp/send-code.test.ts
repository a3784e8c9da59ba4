import { describe, expect, it } from "vitest";
import { application, createFixture, emptySend, hour, minute, no, ok } from "./fixture.ts";

describe("sendCode", () => {
  it("sends six digits and says what can be done with them", async () => {
    const f = createFixture();
    const challenge = await ok(f.send());
    expect(f.sent).toHaveLength(1);
    expect(f.right()).toMatch(/^\d{6}$/);
    expect(challenge).toMatchObject({
      state: "pending",
      channel: "sms",
      maskedRecipient: "+49••••••••678",
      purpose: "login",
      codeLength: 6,
      attemptsRemaining: 5,
      sendsRemaining: 4,
      createdAt: f.clock.now,
      expiresAt: f.clock.now + 5 * minute,
      resendAt: f.clock.now + 30_000,
      deliveries: [{ channel: "sms", state: "accepted", provider: "first", failure: "" }],
    });
    expect(JSON.stringify(challenge)).not.toContain(f.right());
    expect(JSON.stringify([...f.ledgers])).not.toContain(f.right());
    expect(JSON.stringify([...f.ledgers])).not.toContain("4915112345678");
  });

  it("sends at most five in ten minutes, ten in an hour, twenty in a day, and says when to come back", async () => {
    const f = createFixture();
    const sendAll = async () => {
      for (;;) {
        const result = await f.send();
        if (!result.ok) return result.refusal;
      }
    };
    const first = await sendAll();
    expect(first).toMatchObject({ reason: "RATE_LIMITED", retryAfterMs: 10 * minute, metadata: { scope: "recipient" } });
    expect(f.sent).toHaveLength(5);
    f.clock.now += 10 * minute - 1;
    expect(await no(f.send())).toMatchObject({ reason: "RATE_LIMITED", retryAfterMs: 1 });
    f.clock.now += 1;
    expect(await sendAll()).toMatchObject({ retryAfterMs: 50 * minute });
    expect(f.sent).toHaveLength(10);
    f.clock.now += 50 * minute;
    await sendAll();
    f.clock.now += hour;
    expect(await sendAll()).toMatchObject({ reason: "RATE_LIMITED" });
    expect(f.sent).toHaveLength(20);
  });

  it("answers a retry with the same challenge, and sends nothing", async () => {
    const f = createFixture();
    const first = await ok(f.send({ idempotencyKey: "k-1" }));
    const again = await ok(f.send({ idempotencyKey: "k-1" }));
    expect(again).toEqual(first);
    expect(f.sent).toHaveLength(1);
    expect(await no(f.send({ idempotencyKey: "k-1", purpose: "payment" }))).toMatchObject({ reason: "IDEMPOTENCY_KEY_REUSED" });
    expect((await ok(f.send({ idempotencyKey: "k-2" }))).challengeId).not.toBe(first.challengeId);
  });

  it("answers a retry even when the limits are reached since", async () => {
    const f = createFixture();
    const first = await ok(f.send({ idempotencyKey: "k-1" }));
    for (let i = 0; i < 4; i += 1) await ok(f.send());
    expect(await no(f.send())).toMatchObject({ reason: "RATE_LIMITED" });
    expect((await ok(f.send({ idempotencyKey: "k-1" }))).challengeId).toBe(first.challengeId);
  });

  it("keeps a key to one recipient", async () => {
    const f = createFixture();
    await ok(f.send({ idempotencyKey: "k-1" }));
    await ok(f.send({ idempotencyKey: "k-1", recipient: { kind: "phone", value: "+4915112345679" } }));
    expect(f.sent).toHaveLength(2);
  });

  it("lets one of two at once send, and the other come back later", async () => {
    let finish = () => {};
    const f = createFixture({ carry: () => new Promise((resolve) => (finish = () => resolve({ outcome: "accepted" }))) });
    const first = f.send({ idempotencyKey: "k-1" });
    await new Promise(setImmediate);
    expect(await no(f.send({ idempotencyKey: "k-1" }))).toMatchObject({ reason: "REQUEST_IN_PROGRESS", retryAfterMs: 20_000 });
    finish();
    await ok(first);
    expect(f.sent).toHaveLength(1);
  });

  it("lets a retry take over a send whose sender fell silent, with a fresh code", async () => {
    let silent = true;
    const f = createFixture({ carry: () => (silent ? new Promise(() => {}) : { outcome: "accepted" }) });
    void f.send({ idempotencyKey: "k-1" });
    await new Promise(setImmediate);
    const lost = f.right();
    silent = false;
    f.clock.now += 20_000;
    const challenge = await ok(f.send({ idempotencyKey: "k-1" }));
    expect(challenge.deliveries.map(({ state }) => state)).toEqual(["unknown", "accepted"]);
    expect(f.sent).toHaveLength(2);
    if (lost !== f.right()) expect(await no(f.verify(challenge.challengeId, lost))).toMatchObject({ reason: "CODE_MISMATCH" });
    await ok(f.verify(challenge.challengeId, f.right()));
  });

  it("says when nobody could deliver, and lets a retry under the same key try again", async () => {
    let down = true;
    const f = createFixture({ carry: () => (down ? { outcome: "retryable", failure: "throttled" } : { outcome: "accepted" }) });
    expect(await no(f.send({ idempotencyKey: "k-1" }))).toMatchObject({
      reason: "DELIVERY_FAILED",
      metadata: { failure: "throttled" },
      retryAfterMs: 5_000,
    });
    down = false;
    await ok(f.send({ idempotencyKey: "k-1" }));
  });

  it("does not tell a caller to retry what will never be delivered", async () => {
    const f = createFixture({ carry: () => ({ outcome: "permanent", failure: "recipient_refused" }) });
    const refusal = await no(f.send());
    expect(refusal).toMatchObject({ reason: "DELIVERY_FAILED", metadata: { failure: "recipient_refused" } });
    expect(refusal.retryAfterMs).toBeUndefined();
  });

  it("tries the next provider after a definite no, and never after an ambiguous answer", async () => {
    const answers = {
      first: { outcome: "retryable", failure: "provider_error" },
      second: { outcome: "unknown", failure: "timeout" },
    } as const;
    const f = createFixture({ providers: ["first", "second", "third"], carry: (_, provider) => answers[provider as keyof typeof answers] });
    const challenge = await ok(f.send());
    expect(f.sent.map(({ provider }) => provider)).toEqual(["first", "second"]);
    expect(challenge.deliveries).toMatchObject([{ state: "unknown", provider: "second", failure: "timeout" }]);
  });

  it("stops at a provider that says the recipient cannot be reached", async () => {
    const f = createFixture({ providers: ["first", "second"], carry: () => ({ outcome: "permanent", failure: "recipient_refused" }) });
    await no(f.send());
    expect(f.sent).toHaveLength(1);
  });

  it("sends a locked recipient nothing", async () => {
    const f = createFixture();
    for (let i = 0; i < 2; i += 1) {
      const { challengeId } = await ok(f.send());
      for (let guess = 0; guess < 5; guess += 1) await no(f.verify(challengeId, f.wrong()));
    }
    expect(await no(f.send())).toMatchObject({ reason: "TOO_MANY_ATTEMPTS", metadata: { scope: "recipient" }, retryAfterMs: hour });
    expect(f.sent).toHaveLength(2);
  });

  it("does nothing for a caller whose deadline has passed", async () => {
    const f = createFixture();
    await expect(f.send({}, { ...f.call, signal: AbortSignal.abort(new Error("deadline")) })).rejects.toThrow("deadline");
    expect(f.ledgers.size).toBe(0);
    expect(f.sent).toHaveLength(0);
  });

  it.each([
    [{ recipient: undefined }, "recipient"],
    [{ recipient: { kind: "phone", value: "+49!" } }, "recipient.phone_number"],
    [{ recipient: { kind: "subject", value: "user-1" } }, "recipient"],
    [{ channels: ["email"] }, "channels[0]"],
    [{ channels: ["sms", "push"] }, "channels[1]"],
    [{ channels: ["sms", "sms"] }, "channels"],
    [{ purpose: "Login Now" }, "purpose"],
    [{ purpose: "transfer" }, "purpose"],
    [{ binding: { "a b": "1" } }, "binding"],
    [{ binding: { amount: "" } }, 'binding["amount"]'],
    [{ binding: { amount: "1\n2" } }, 'binding["amount"]'],
    [{ binding: { amount: "\ud800" } }, 'binding["amount"]'],
    [{ binding: { payee: "x".repeat(71) } }, 'binding["payee"]'],
    [{ binding: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, "v"])) }, "binding"],
    [{ templateVariables: { "": "x" } }, "template_variables"],
    [{ locale: "de_CH" }, "locale"],
    [{ locale: "x".repeat(36) }, "locale"],
    [{ idempotencyKey: "with space" }, "idempotency_key"],
    [{ idempotencyKey: "k".repeat(129) }, "idempotency_key"],
    [{ captchaToken: "t".repeat(4097) }, "captcha_token"],
    [{ autofill: { androidAppHash: "FA+9qCX9VSu", webOrigin: "" } }, "autofill.android_app_hash"],
    [{ autofill: { androidAppHash: "", webOrigin: "evil.example" } }, "autofill.web_origin"],
    [{ client: { ...emptySend.client, ipAddress: "999.1.1.1" } }, "client.ip_address"],
    [{ client: { ...emptySend.client, ipAddress: "0x7f.1" } }, "client.ip_address"],
    [{ client: { ...emptySend.client, deviceId: "a\u0000" } }, "client.device_id"],
    [{ client: { ...emptySend.client, userAgent: "u".repeat(513) } }, "client.user_agent"],
  ] as const)("refuses %j, naming %s, and writes nothing", async (request, field) => {
    const f = createFixture();
    const refusal = await no(f.send(request as Parameters<typeof f.send>[0]));
    expect(refusal).toMatchObject({ reason: "INVALID_ARGUMENT", violations: [{ field }] });
    expect(refusal.message).toContain(field);
    expect(f.ledgers.size).toBe(0);
    expect(f.sent).toHaveLength(0);
  });

  it("names everything that is wrong at once", async () => {
    const f = createFixture();
    const refusal = await no(f.send({ purpose: "NO", locale: "?", idempotencyKey: " ", recipient: undefined }));
    expect(refusal.violations?.map(({ field }) => field)).toEqual(["purpose", "idempotency_key", "locale", "recipient"]);
  });

  it.each(["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"])("takes %s for an address", async (ipAddress) => {
    await ok(createFixture().send({ client: { ...emptySend.client, ipAddress } }));
  });

  it("hides the provider's name from browsers", async () => {
    const f = createFixture();
    const challenge = await ok(f.send({}, { ...f.call, caller: { application, kind: "browser", rights: ["codes"], keyId: "" } }));
    expect(challenge.deliveries).toMatchObject([{ provider: "" }]);
  });
});
