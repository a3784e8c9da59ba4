import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { LedgerAuthenticator } from "../../src/otp/authenticator.ts";
import type { SecretVault } from "../../src/otp/authenticator-ports.ts";
import type { Admission, SendAsk, SendGuard } from "../../src/otp/guard-ports.ts";
import type { Ledger } from "../../src/otp/ledger.ts";
import { createLocalVault } from "../../src/otp/secret-vault.ts";
import { createAuthenticatorFixture, user, vaultKey } from "./authenticator-fixture.ts";
import { application, minute, no, ok } from "./fixture.ts";

const payment = { purpose: "payment", binding: { amount: "100.00 EUR", payee: "Jane" } };

describe("a code of an app", () => {
  it("answers the challenge of its subject once, and says what it was", async () => {
    const f = createAuthenticatorFixture();
    const { secret } = await f.enrol("totp");
    const opened = await ok(f.ask(["totp", "recovery_code"]));
    expect(opened).toMatchObject({
      state: "pending",
      channel: "totp",
      maskedRecipient: "u•••••",
      codeLength: 0,
      sendsRemaining: 0,
      attemptsRemaining: 5,
      deliveries: [],
      expiresAt: f.clock.now + 5 * minute,
    });
    expect(f.sent).toEqual([]);
    expect(await ok(f.verify(opened.challengeId, f.totp(secret)))).toEqual({
      challengeId: opened.challengeId,
      recipient: { kind: "subject", value: user },
      channel: "totp",
      purpose: "login",
      verifiedAt: f.clock.now,
      proofToken: "",
    });
    expect(await no(f.verify(opened.challengeId, f.totp(secret)))).toMatchObject({ reason: "CODE_ALREADY_USED" });
    expect(await no(f.verify(await f.open(["totp"]), f.totp(secret)))).toMatchObject({ reason: "CODE_MISMATCH" });
    expect(await ok(f.get(opened.challengeId))).toMatchObject({ state: "verified", channel: "totp" });
  });

  it("is right one step around the present, by the store's clock, and never before one that was accepted", async () => {
    const f = createAuthenticatorFixture();
    const { secret } = await f.enrol("totp");
    f.clock.now += 10 * minute;
    for (const [offset, reason] of [
      [-2, "CODE_MISMATCH"],
      [2, "CODE_MISMATCH"],
      [0, "OK"],
      [-1, "CODE_MISMATCH"],
      [1, "OK"],
    ] as const) {
      const result = await f.verify(await f.open(["totp"]), f.totp(secret, f.step() + offset));
      expect([offset, result.ok ? "OK" : result.refusal.reason]).toEqual([offset, reason]);
    }
  });

  it("follows a clock that drifts, up to a bound", async () => {
    const f = createAuthenticatorFixture();
    const { secret } = await f.enrol("totp");
    const answers = async (offset: number) => {
      f.clock.now += 10 * minute;
      return (await f.verify(await f.open(["totp"]), f.totp(secret, f.step() + offset))).ok;
    };
    expect([await answers(2), await answers(1), await answers(2), await answers(3)]).toEqual([false, true, true, true]);
    expect(Object.values(f.ledger()?.authenticators ?? {})[0]?.drift).toBe(2);
    expect([await answers(4), await answers(3), await answers(-1), await answers(3)]).toEqual([false, true, true, false]);
    expect([await answers(-2), await answers(-3), await answers(-4)]).toEqual([true, true, false]);
  });

  it("burns every step that it could be of", async () => {
    const f = createAuthenticatorFixture();
    const { secret, authenticatorId } = await f.enrol("totp");
    const { format } = f.deps.authenticators;
    Object.assign(f.deps.authenticators, { format: { ...format, codeAt: () => "111111" } });
    await ok(f.verify(await f.open(["totp"]), "111111"));
    expect(f.ledger()?.authenticators?.[authenticatorId]?.next).toBe(f.step() + 2);
    expect(secret).toBeDefined();
  });
});

describe("a code of a token", () => {
  it("is right up to the look-ahead, and none before it after that", async () => {
    const f = createAuthenticatorFixture();
    const { secret } = await f.enrol("hotp");
    const answers = async (counter: number) => (await f.verify(await f.open(["hotp"]), f.hotp(secret, counter))).ok;
    expect([await answers(0), await answers(12), await answers(11), await answers(11), await answers(5), await answers(12)]).toEqual([
      false,
      false,
      true,
      false,
      false,
      true,
    ]);
  });
});

describe("a challenge for a subject", () => {
  it("is answered by any of the kinds it names, and by no other", async () => {
    const f = createAuthenticatorFixture();
    const app = await f.enrol("totp");
    const token = await f.enrol("hotp");
    const codes = await f.recoveryCodes();
    const any = ["recovery_code", "totp", "hotp"] as const;
    expect(await ok(f.verify(await f.open(any), f.totp(app.secret)))).toMatchObject({ channel: "totp" });
    expect(await ok(f.verify(await f.open(any), f.hotp(token.secret, 1)))).toMatchObject({ channel: "hotp" });
    expect(await ok(f.verify(await f.open(any), codes[0]))).toMatchObject({ channel: "recovery_code", recoveryCodesRemaining: 9 });
    f.clock.now += minute;
    const only = await f.open(["hotp"]);
    expect(await no(f.verify(only, f.totp(app.secret)))).toMatchObject({ reason: "CODE_MISMATCH" });
    expect(await no(f.verify(only, codes[1]))).toMatchObject({ reason: "CODE_MISMATCH" });
    expect(f.stretched).toHaveLength(11);
  });

  it("holds to its purpose and binding, whichever code it is", async () => {
    const f = createAuthenticatorFixture();
    const { secret } = await f.enrol("totp");
    const challengeId = await f.open(["totp"], payment);
    for (const other of [{}, { ...payment, purpose: "login" }, { ...payment, binding: { ...payment.binding, payee: "John" } }])
      expect(await no(f.verify(challengeId, f.totp(secret), other))).toMatchObject({ reason: "BINDING_MISMATCH" });
    await ok(f.verify(challengeId, f.totp(secret), payment));
  });

  it("answers a retry with what it answered, and for one code only", async () => {
    const f = createAuthenticatorFixture();
    const [code, other] = await f.recoveryCodes();
    const challengeId = await f.open(["recovery_code"]);
    const first = await ok(f.verify(challengeId, code, { requestId: "r" }));
    expect(await ok(f.verify(challengeId, code, { requestId: "r" }))).toEqual(first);
    expect(await no(f.verify(challengeId, other, { requestId: "r" }))).toMatchObject({ reason: "IDEMPOTENCY_KEY_REUSED" });
    const { length } = f.stretched;
    expect(length).toBe(11);
  });

  it("is the same one for the same idempotency key, and refused for other content", async () => {
    const f = createAuthenticatorFixture();
    await f.enrol("totp");
    const first = await f.open(["totp"], { idempotencyKey: "k" });
    expect(await f.open(["totp"], { idempotencyKey: "k" })).toBe(first);
    expect(await no(f.ask(["totp", "hotp"], { idempotencyKey: "k" }))).toMatchObject({ reason: "IDEMPOTENCY_KEY_REUSED" });
  });

  it("tells a service that there is none, and a browser nothing", async () => {
    const f = createAuthenticatorFixture();
    expect(await no(f.ask(["totp"]))).toMatchObject({ reason: "AUTHENTICATOR_NOT_FOUND" });
    expect(f.ledger()).toBeUndefined();
    const hidden = await ok(f.ask(["totp", "recovery_code"], {}, f.browser));
    await f.recoveryCodes("user-2");
    const real = await ok(f.ask(["totp", "recovery_code"], { recipient: { kind: "subject", value: "user-2" } }, f.browser));
    expect({ ...hidden, challengeId: "" }).toEqual({ ...real, challengeId: "" });
    const before = f.stretched.length;
    const { format } = f.deps.authenticators;
    const computed: string[] = [];
    const codeAt: typeof format.codeAt = (...given) => {
      computed.push(given[0]);
      return format.codeAt(...given);
    };
    Object.assign(f.deps.authenticators, { format: { ...format, codeAt } });
    for (const challengeId of [hidden.challengeId, real.challengeId]) {
      const answers = [];
      for (const code of ["123456", "7KWN-C3XP-QT5J"]) answers.push(await no(f.verify(challengeId, code, {}, f.browser)));
      expect(answers).toMatchObject([
        { reason: "CODE_MISMATCH", metadata: { attempts_remaining: "4" } },
        { reason: "CODE_MISMATCH", metadata: { attempts_remaining: "3" } },
      ]);
    }
    expect(f.stretched.length - before).toBe(2);
    // As many codes as for a subject that has an app.
    expect(computed).toEqual(Array.from({ length: 6 }, () => "totp"));
  });

  it("has nothing to send again, and can be canceled", async () => {
    const f = createAuthenticatorFixture();
    const { secret } = await f.enrol("totp");
    const challengeId = await f.open(["totp"]);
    expect(await no(f.resend(challengeId))).toMatchObject({ reason: "INVALID_ARGUMENT", violations: [{ field: "channel" }] });
    expect(await no(f.resend(challengeId, { channel: "sms" }))).toMatchObject({ violations: [{ field: "channel" }] });
    expect(await ok(f.cancel(challengeId))).toMatchObject({ state: "canceled", channel: "totp" });
    expect(await no(f.verify(challengeId, f.totp(secret)))).toMatchObject({ reason: "CHALLENGE_CANCELED" });
  });

  it("is one of the asks that a browser's limits and captchas are for, and no service's", async () => {
    const f = createAuthenticatorFixture();
    await f.enrol("totp");
    const asks: SendAsk[] = [];
    const released: string[] = [];
    const release = async () => void released.push("");
    let admission: Admission = { outcome: "admitted", release };
    const guard: SendGuard = {
      admit: async (ask) => {
        asks.push(ask);
        return admission;
      },
    };
    Object.assign(f.deps, { guard });
    await ok(f.ask(["totp"]));
    expect(asks).toEqual([]);
    const open = () => f.ask(["hotp"], { idempotencyKey: "k" }, f.browser);
    await ok(open());
    expect(asks).toMatchObject([{ unsent: true, channel: "hotp", recipient: { kind: "subject" }, occasion: "send" }]);
    expect(released).toHaveLength(0);
    await ok(open());
    expect(released).toHaveLength(1);
    admission = { outcome: "refused", refusal: { reason: "CAPTCHA_REQUIRED", message: "solve one" } };
    expect(await no(open())).toMatchObject({ reason: "CAPTCHA_REQUIRED" });
  });

  it("names what is wrong with it", async () => {
    const f = createAuthenticatorFixture();
    const fields = async (channels: Parameters<typeof f.ask>[0], more: Parameters<typeof f.ask>[1] = {}) =>
      (await no(f.ask(channels, more))).violations?.map(({ field }) => field);
    expect(await fields([])).toEqual(["channels"]);
    expect(await fields(["sms"])).toEqual(["channels[0]"]);
    expect(await fields(["totp", "email", "totp"])).toEqual(["channels", "channels[1]"]);
    expect(await fields(["totp"], { recipient: { kind: "subject", value: "!" } })).toEqual(["recipient.phone_number"]);
    expect(await fields(["totp"], { subject: "x", automaticFallback: true, purpose: "X", idempotencyKey: " " })).toEqual([
      "purpose",
      "idempotency_key",
      "subject",
      "automatic_fallback",
    ]);
    expect((await no(f.send({ channels: ["totp"] }))).violations?.map(({ field }) => field)).toEqual(["channels[0]"]);
  });
});

describe("the cost of a guess", () => {
  it("is not spent on one that there is no budget for", async () => {
    const f = createAuthenticatorFixture();
    const [right] = await f.recoveryCodes();
    const before = f.stretched.length;
    const challenges = [await f.open(["recovery_code"]), await f.open(["recovery_code"]), await f.open(["recovery_code"])];
    for (const challengeId of challenges) for (let index = 0; index < 6; index++) await no(f.verify(challengeId, "7KWN-C3XP-QT5J"));
    expect(f.stretched.length - before).toBe(10);
    expect(await no(f.verify(challenges[2] as string, right))).toMatchObject({ reason: "TOO_MANY_ATTEMPTS" });
    expect(f.stretched.length - before).toBe(10);
  });
});

describe("guesses that come all at once", () => {
  it("cost no more slow hashes than there is budget for", async () => {
    const f = createAuthenticatorFixture();
    const [right] = await f.recoveryCodes();
    const before = f.stretched.length;
    const challenges = [await f.open(["recovery_code"]), await f.open(["recovery_code"]), await f.open(["recovery_code"])] as const;
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => f.verify(challenges[index % 3] as string, "7KWN-C3XP-QT5J")),
    );
    expect(f.stretched.length - before).toBe(10);
    expect(answers.filter((answer) => !answer.ok && answer.refusal.reason === "CODE_MISMATCH")).toHaveLength(10);
    expect(await no(f.verify(challenges[0], right))).toMatchObject({ reason: "TOO_MANY_ATTEMPTS" });
  });
});

describe("the budget of a subject", () => {
  const mine = { subject: user };
  const lenient = { ...application, limits: { ...application.limits, guessesPerChallenge: 10 } };

  it("is one for its authenticators and for codes sent to all of its numbers", async () => {
    const f = createAuthenticatorFixture();
    const { secret } = await f.enrol("totp");
    const app = await f.open(["totp"]);
    for (let index = 0; index < 4; index++) await no(f.verify(app, "000000"));
    const phone = (await ok(f.send(mine))).challengeId;
    for (let index = 0; index < 3; index++) expect(await no(f.verify(phone, f.wrong()))).toMatchObject({ reason: "CODE_MISMATCH" });
    const email = (await ok(f.send({ ...mine, recipient: { kind: "email", value: "a@example.com" }, channels: ["email"] }))).challengeId;
    for (let index = 0; index < 3; index++) expect(await no(f.verify(email, f.wrong()))).toMatchObject({ reason: "CODE_MISMATCH" });
    expect(await no(f.verify(email, f.right()))).toMatchObject({ reason: "TOO_MANY_ATTEMPTS", metadata: { scope: "recipient" } });
    expect(await no(f.verify(app, f.totp(secret)))).toMatchObject({ reason: "TOO_MANY_ATTEMPTS", metadata: { scope: "recipient" } });
  });

  it("is given back by a success at any of them", async () => {
    const f = createAuthenticatorFixture({ application: lenient });
    const { secret } = await f.enrol("totp");
    const lenientCall = { ...f.call, caller: { ...f.call.caller, application: lenient } };
    const phone = (await ok(f.send(mine, lenientCall))).challengeId;
    for (let index = 0; index < 5; index++) await no(f.verify(phone, f.wrong(), {}, lenientCall));
    await ok(f.verify(phone, f.right(), {}, lenientCall));
    expect(f.ledger()).toMatchObject({ failures: [], failuresInRow: 0 });
    const app = await f.open(["totp"]);
    for (let index = 0; index < 3; index++) await no(f.verify(app, "000000"));
    await ok(f.verify(app, f.totp(secret)));
    expect(f.ledger()).toMatchObject({ failures: [], failuresInRow: 0 });
  });

  it("is not there for browsers to touch, who know nothing of whose a number is", async () => {
    const f = createAuthenticatorFixture();
    expect(await no(f.send(mine, f.browser))).toMatchObject({ violations: [{ field: "subject" }] });
    expect(await no(f.send({ subject: "!" }))).toMatchObject({ violations: [{ field: "subject" }] });
  });

  it("is not charged again for a retry", async () => {
    const f = createAuthenticatorFixture();
    const { challengeId } = await ok(f.send(mine));
    for (let index = 0; index < 3; index++) await no(f.verify(challengeId, f.wrong(), { requestId: "r" }));
    expect(f.ledger()).toMatchObject({ failuresInRow: 1 });
  });
});

describe("a stored secret", () => {
  const recordOf = (f: ReturnType<typeof createAuthenticatorFixture>, subject: string) =>
    Object.entries((f.ledger(subject) as Ledger).authenticators ?? {})[0] as [string, { secret: string }];

  it("opens for its own record only: moved to another one it makes that one useless, and that is told", async () => {
    const f = createAuthenticatorFixture();
    const thief = await f.enrol("totp", "thief");
    await f.enrol("totp");
    const [, stolen] = recordOf(f, "thief");
    const [id, mine] = recordOf(f, user);
    mine.secret = stolen.secret;
    const challengeId = await f.open(["totp"]);
    expect(await no(f.verify(challengeId, f.totp(thief.secret)))).toMatchObject({ reason: "INTERNAL" });
    expect(f.unreadable).toEqual([{ application: "shop", ledger: expect.any(String), authenticator: id, keyId: "v1" }]);
    expect(f.ledger()).toMatchObject({ failuresInRow: 0 });
    const other = await f.enrol("totp");
    expect(await no(f.verify(challengeId, f.totp(thief.secret)))).toMatchObject({ reason: "CODE_MISMATCH" });
    await ok(f.verify(challengeId, f.totp(other.secret)));
  });

  it("does not open for another authenticator of the same subject, nor altered", async () => {
    const f = createAuthenticatorFixture();
    const { secret } = await f.enrol("totp");
    await f.enrol("totp");
    const [first, second] = Object.values((f.ledger() as Ledger).authenticators ?? {}) as [LedgerAuthenticator, LedgerAuthenticator];
    [first.secret, second.secret] = [second.secret, first.secret];
    expect(await no(f.verify(await f.open(["totp"]), f.totp(secret)))).toMatchObject({ reason: "INTERNAL" });
    for (const broken of ["", "v1", "v1.", "v2.AAAA", `${first.secret.slice(0, -2)}AA`, first.secret.replace("v1", "v2")]) {
      first.secret = broken;
      second.secret = broken;
      expect(await no(f.verify(await f.open(["totp"]), f.totp(secret)))).toMatchObject({ reason: "INTERNAL" });
    }
  });

  it("is sealed under the first key and opened by any; with random nonces", async () => {
    const context = { application: "a", ledger: "l", authenticator: "x" };
    const secret = randomBytes(20);
    const old = createLocalVault([vaultKey], randomBytes);
    const rotated = createLocalVault([{ id: "v2", secret: Buffer.alloc(32, 9) }, vaultKey], randomBytes);
    const sealed = await old.seal(secret, context);
    expect(sealed).toMatch(/^v1\.[A-Za-z0-9_-]{64}$/);
    expect(await old.seal(secret, context)).not.toBe(sealed);
    expect(Buffer.from((await rotated.open(sealed, context)) ?? [])).toEqual(secret);
    expect(await rotated.seal(secret, context)).toMatch(/^v2\./);
    const vaults: readonly [SecretVault, typeof context][] = [
      [createLocalVault([{ id: "v1", secret: Buffer.alloc(32, 9) }], randomBytes), context],
      [old, { ...context, application: "al", ledger: "" }],
      [old, { ...context, ledger: "m" }],
      [old, { ...context, authenticator: "y" }],
    ];
    for (const [vault, other] of vaults) expect(await vault.open(sealed, other)).toBeUndefined();
  });
});
