import { describe, expect, it } from "vitest";
import type { Imported } from "../../src/otp/check-imported.ts";
import { StoreUnavailable } from "../../src/otp/refusal.ts";
import { createAuthenticatorFixture, user } from "./authenticator-fixture.ts";
import { application, minute, no, ok } from "./fixture.ts";

const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const imported = (more: Partial<Imported> = {}): Imported => ({
  name: "Old phone",
  channel: undefined,
  secret,
  algorithm: undefined,
  digits: undefined,
  periodSeconds: undefined,
  counter: undefined,
  ...more,
});
const enrolment = { subject: user, name: "Phone", accountName: "jane@example.com" };

describe("enrolling an app", () => {
  it("answers with the secret in every form, once, and with what it waits for", async () => {
    const f = createAuthenticatorFixture();
    const answer = await ok(f.useCases.enrolTotp(enrolment, f.call));
    expect(answer.secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(answer.uri).toBe(`otpauth://totp/Shop:jane%40example.com?secret=${answer.secret}&issuer=Shop`);
    expect(Buffer.from(answer.png).subarray(1, 4).toString()).toBe("PNG");
    expect(Buffer.from(answer.svg).toString()).toMatch(/^<svg [\s\S]*<\/svg>\n?$/);
    expect(answer.authenticator).toEqual({
      authenticatorId: expect.stringMatching(/^[A-Za-z0-9_-]{16}$/),
      kind: "totp",
      name: "Phone",
      createdAt: f.clock.now,
      confirmBy: f.clock.now + 10 * minute,
      algorithm: "sha1",
      digits: 6,
      periodSeconds: 30,
      recoveryCodesRemaining: 0,
    });
    expect(JSON.stringify(f.ledger())).not.toContain(answer.secret);
  });

  it("is of no use until a right code confirms it, which is used up by that", async () => {
    const f = createAuthenticatorFixture();
    const { secret: shown, authenticator } = await ok(f.useCases.enrolTotp(enrolment, f.call));
    expect(await no(f.ask(["totp"]))).toMatchObject({ reason: "AUTHENTICATOR_NOT_FOUND" });
    const guess = { subject: user, authenticatorId: authenticator.authenticatorId };
    const code = f.totp(shown);
    const confirmed = await ok(f.useCases.confirmTotp({ ...guess, code: `${code.slice(0, 3)} ${code.slice(3)}` }, f.call));
    expect(confirmed).toMatchObject({ authenticatorId: authenticator.authenticatorId, lastUsedAt: f.clock.now });
    expect(confirmed.confirmBy).toBeUndefined();
    const challengeId = await f.open(["totp"]);
    expect(await no(f.verify(challengeId, code))).toMatchObject({ reason: "CODE_MISMATCH" });
    f.clock.now += 30_000;
    await ok(f.verify(challengeId, f.totp(shown)));
    expect(await no(f.useCases.confirmTotp({ ...guess, code }, f.call))).toMatchObject({ reason: "AUTHENTICATOR_NOT_FOUND" });
  });

  it("is gone when it was not confirmed in time", async () => {
    const f = createAuthenticatorFixture();
    const { secret: shown, authenticator } = await ok(f.useCases.enrolTotp(enrolment, f.call));
    f.clock.now += 10 * minute;
    const { authenticatorId } = authenticator;
    const late = f.useCases.confirmTotp({ subject: user, authenticatorId, code: f.totp(shown) }, f.call);
    expect(await no(late)).toMatchObject({ reason: "AUTHENTICATOR_NOT_FOUND" });
    expect(await ok(f.useCases.listAuthenticators({ subject: user }, f.call))).toEqual([]);
  });

  it("has five guesses at its confirmation, which count for the subject and are forgiven by nothing here", async () => {
    const f = createAuthenticatorFixture();
    const { secret: shown, authenticator } = await ok(f.useCases.enrolTotp(enrolment, f.call));
    const guess = { subject: user, authenticatorId: authenticator.authenticatorId };
    const wrong = String((Number(f.totp(shown)) + 1) % 1_000_000).padStart(6, "0");
    for (const left of ["4", "3", "2", "1", "0"]) {
      expect(await no(f.useCases.confirmTotp({ ...guess, code: wrong }, f.call))).toMatchObject({
        reason: "CODE_MISMATCH",
        metadata: { attempts_remaining: left },
      });
    }
    expect(await no(f.useCases.confirmTotp({ ...guess, code: f.totp(shown) }, f.call))).toMatchObject({
      reason: "TOO_MANY_ATTEMPTS",
      metadata: { scope: "authenticator" },
    });
    await f.enrol("totp");
    expect(f.ledger()).toMatchObject({ failuresInRow: 5 });
    const challengeId = await f.open(["totp"]);
    for (let index = 0; index < 5; index++) expect(await no(f.verify(challengeId, "000000"))).toMatchObject({ reason: "CODE_MISMATCH" });
    expect(await no(f.ask(["totp"]))).toMatchObject({ reason: "TOO_MANY_ATTEMPTS", metadata: { scope: "recipient" } });
  });

  it("refuses what cannot be a code, and labels that would be misread, at the price of nothing", async () => {
    const f = createAuthenticatorFixture();
    const { authenticator } = await ok(f.useCases.enrolTotp(enrolment, f.call));
    const fields = async (result: Promise<{ ok: boolean }>) =>
      (await no(result as Parameters<typeof no<{ violations?: readonly { field: string }[] }>>[0])).violations?.map(({ field }) => field);
    const guess = { subject: user, authenticatorId: authenticator.authenticatorId };
    for (const code of ["", "12345", "123456789", "12345a", "7KWN-C3XP-QT5J", "1".repeat(65)])
      expect(await fields(f.useCases.confirmTotp({ ...guess, code }, f.call))).toEqual(["code"]);
    expect(await fields(f.useCases.confirmTotp({ subject: "!", authenticatorId: "x", code: "1" }, f.call))).toEqual([
      "subject",
      "authenticator_id",
      "code",
    ]);
    expect(await fields(f.useCases.enrolTotp({ subject: "!", name: "", accountName: "a:b" }, f.call))).toEqual([
      "subject",
      "name",
      "account_name",
    ]);
    expect(await fields(f.useCases.enrolTotp({ subject: "a:b", name: "\n", accountName: "" }, f.call))).toEqual(["name", "account_name"]);
    expect(f.ledger()).toMatchObject({ failuresInRow: 0 });
  });

  it("stops at the maximum, which unconfirmed ones do not count for", async () => {
    const f = createAuthenticatorFixture();
    for (let index = 0; index < 4; index++) await f.enrol(index % 2 ? "hotp" : "totp");
    for (let index = 0; index < 3; index++) await ok(f.useCases.enrolHotp(enrolment, f.call));
    await f.enrol("totp");
    expect(await no(f.useCases.enrolTotp(enrolment, f.call))).toMatchObject({ reason: "TOO_MANY_AUTHENTICATORS", metadata: { max: "5" } });
    expect(await ok(f.useCases.listAuthenticators({ subject: user }, f.call))).toHaveLength(5);
  });

  it("is told whose digest and digits it is to have by the application", async () => {
    const totp = { algorithm: "sha512", digits: 8, periodSeconds: 60, window: 0, maxDrift: 0 } as const;
    const terms = {
      issuer: "Bank",
      max: 1,
      confirmMs: minute,
      totp,
      hotp: { algorithm: "sha256", digits: 7, lookAhead: 0, resyncAhead: 1 },
    } as const;
    const f = createAuthenticatorFixture({ application: { ...application, authenticators: terms } });
    const { uri, secret: shown, authenticator } = await ok(f.useCases.enrolTotp(enrolment, f.call));
    expect(shown).toHaveLength(103);
    expect(Object.fromEntries(new URL(uri).searchParams)).toMatchObject({ algorithm: "SHA512", digits: "8", period: "60", issuer: "Bank" });
    const code = f.totp(shown, Math.floor(f.clock.now / 60_000), { algorithm: "sha512", digits: 8 });
    await ok(f.useCases.confirmTotp({ subject: user, authenticatorId: authenticator.authenticatorId, code }, f.call));
  });

  it("needs a key to keep its secret under; recovery codes do not", async () => {
    const f = createAuthenticatorFixture({ vault: null });
    expect(await no(f.useCases.enrolTotp(enrolment, f.call))).toMatchObject({ reason: "UNIMPLEMENTED" });
    expect(await no(f.useCases.importAuthenticators({ subject: user, authenticators: [imported()] }, f.call))).toMatchObject({
      reason: "UNIMPLEMENTED",
    });
    expect(await f.recoveryCodes()).toHaveLength(10);
  });
});

describe("recovery codes", () => {
  it("are ten, in groups, shown once, each good once, and told how many are left", async () => {
    const f = createAuthenticatorFixture();
    const codes = await f.recoveryCodes();
    expect(codes).toHaveLength(10);
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) expect(code).toMatch(/^([2-9B-DF-HJ-NP-TV-XZ]{4}-){2}[2-9B-DF-HJ-NP-TV-XZ]{4}$/);
    const first = await f.open(["recovery_code"]);
    expect(await ok(f.verify(first, codes[0]))).toMatchObject({ channel: "recovery_code", recoveryCodesRemaining: 9 });
    const second = await f.open(["recovery_code"]);
    expect(await no(f.verify(second, codes[0]))).toMatchObject({ reason: "CODE_MISMATCH" });
    expect(await ok(f.verify(second, codes[1].toLowerCase().replaceAll("-", " ")))).toMatchObject({ recoveryCodesRemaining: 8 });
    expect(await ok(f.useCases.listAuthenticators({ subject: user }, f.call))).toMatchObject([
      { kind: "recovery_code", recoveryCodesRemaining: 8, lastUsedAt: f.clock.now, digits: 0 },
    ]);
    const stored = JSON.stringify(f.ledger());
    for (const code of codes) for (const form of [code, code.replaceAll("-", "")]) expect(stored).not.toContain(form);
  });

  it("are replaced all at once", async () => {
    const f = createAuthenticatorFixture();
    const before = await f.recoveryCodes();
    const after = await f.recoveryCodes();
    const challengeId = await f.open(["recovery_code"]);
    expect(await no(f.verify(challengeId, before[0]))).toMatchObject({ reason: "CODE_MISMATCH" });
    expect(await ok(f.verify(challengeId, after[0]))).toMatchObject({ recoveryCodesRemaining: 9 });
  });
});

describe("importing", () => {
  const take = (f: ReturnType<typeof createAuthenticatorFixture>, ...authenticators: Imported[]) =>
    f.useCases.importAuthenticators({ subject: user, authenticators }, f.call);

  it("takes over secrets in Base32 and URIs, of every digest, digits and period, to be used at once", async () => {
    const f = createAuthenticatorFixture();
    const uri = `otpauth://totp/Old%20Shop:jane?secret=${secret}&algorithm=SHA256&digits=8&period=60&issuer=Old`;
    const list = await ok(
      take(
        f,
        imported({ secret: "gezd gnbv-gy3t qojq", algorithm: "sha512", digits: 7, periodSeconds: 15 }),
        imported({ secret: uri, channel: "totp", digits: 8 }),
        imported({ channel: "hotp", counter: 5 }),
      ),
    );
    expect(list).toMatchObject([
      { kind: "totp", algorithm: "sha512", digits: 7, periodSeconds: 15 },
      { kind: "totp", algorithm: "sha256", digits: 8, periodSeconds: 60 },
      { kind: "hotp", algorithm: "sha1", digits: 6, periodSeconds: 0 },
    ]);
    const at = (seconds: number) => Math.floor(f.clock.now / 1000 / seconds);
    const short = f.totp("GEZDGNBVGY3TQOJQ", at(15), { algorithm: "sha512", digits: 7 });
    await ok(f.verify(await f.open(["totp"]), short));
    await ok(f.verify(await f.open(["totp"]), f.totp(secret, at(60), { algorithm: "sha256", digits: 8 })));
    expect(await no(f.verify(await f.open(["hotp"]), f.hotp(secret, 4)))).toMatchObject({ reason: "CODE_MISMATCH" });
    await ok(f.verify(await f.open(["hotp"]), f.hotp(secret, 5)));
  });

  it("is all or nothing, and names every field that is wrong", async () => {
    const f = createAuthenticatorFixture();
    const { violations } = await no(
      take(
        f,
        imported(),
        imported({ secret: "not base32!" }),
        imported({ secret: "GEZDGNBVGY3TQOI" }),
        imported({ secret: "A".repeat(1025), name: "" }),
        imported({ channel: "sms", secret: "MFRGGZDFMZTWQ2LKNNWG23TPOA" }),
        imported({ channel: "hotp", secret: "otpauth://totp/a?secret=MFRGGZDFMZTWQ2LKNNWG23TPOB", periodSeconds: 30 }),
        imported({ digits: 9, periodSeconds: 5, counter: 1, secret: "MFRGGZDFMZTWQ2LKNNWG23TPOC" }),
        imported({ channel: "hotp", counter: 2 ** 48, secret: "MFRGGZDFMZTWQ2LKNNWG23TPOD" }),
        imported({ secret: "otpauth://totp/a?secret=MFRGGZDFMZTWQ2LKNNWG23TPOE&digits=8", digits: 6 }),
        imported({ secret: "otpauth://steam/a?secret=MFRGGZDFMZTWQ2LKNNWG23TPOE" }),
        imported(),
      ),
    );
    expect(violations?.map(({ field }) => field)).toEqual([
      "authenticators[1].secret",
      "authenticators[2].secret",
      "authenticators[3].name",
      "authenticators[3].secret",
      "authenticators[4].channel",
      "authenticators[5].channel",
      "authenticators[5].period_seconds",
      "authenticators[6].digits",
      "authenticators[6].counter",
      "authenticators[6].period_seconds",
      "authenticators[7].counter",
      "authenticators[8].digits",
      "authenticators[9].secret",
      "authenticators[10].secret",
    ]);
    expect(JSON.stringify(violations)).not.toContain(secret.slice(0, 8));
    expect(f.ledger()).toBeUndefined();
    expect(await no(take(f))).toMatchObject({ violations: [{ field: "authenticators" }] });
    expect(
      await no(take(f, ...Array.from({ length: 6 }, (_, index) => imported({ secret: `${"ABCDEF"[index]}`.repeat(32) })))),
    ).toMatchObject({
      reason: "TOO_MANY_AUTHENTICATORS",
    });
    expect(await ok(f.useCases.listAuthenticators({ subject: user }, f.call))).toEqual([]);
  });

  it("can be repeated, and brings no used code back", async () => {
    const f = createAuthenticatorFixture();
    const [first] = await ok(take(f, imported()));
    const code = f.totp(secret);
    await ok(f.verify(await f.open(["totp"]), code));
    expect(await ok(take(f, imported({ name: "Again" }), imported({ channel: "hotp", name: "Token" })))).toMatchObject([
      { authenticatorId: first?.authenticatorId, name: "Old phone" },
      { name: "Token" },
    ]);
    expect(await no(f.verify(await f.open(["totp"]), code))).toMatchObject({ reason: "CODE_MISMATCH" });
  });
});

describe("resynchronising", () => {
  it("finds a counter that ran far ahead by two codes in a row, and uses both up", async () => {
    const f = createAuthenticatorFixture();
    const { secret: shown, authenticatorId } = await f.enrol("hotp");
    expect(await no(f.verify(await f.open(["hotp"]), f.hotp(shown, 60)))).toMatchObject({ reason: "CODE_MISMATCH" });
    const resync = (firstCode: string, secondCode: string) =>
      f.useCases.resyncHotp({ subject: user, authenticatorId, firstCode, secondCode }, f.call);
    expect(await no(resync(f.hotp(shown, 61), f.hotp(shown, 63)))).toMatchObject({ reason: "CODE_MISMATCH" });
    expect(await no(resync(f.hotp(shown, 102), f.hotp(shown, 103)))).toMatchObject({ reason: "CODE_MISMATCH" });
    await ok(resync(f.hotp(shown, 61), f.hotp(shown, 62)));
    expect(f.ledger()).toMatchObject({ failuresInRow: 3 });
    expect(await no(f.verify(await f.open(["hotp"]), f.hotp(shown, 62)))).toMatchObject({ reason: "CODE_MISMATCH" });
    await ok(f.verify(await f.open(["hotp"]), f.hotp(shown, 63)));
  });

  it("is under the subject's budget", async () => {
    const f = createAuthenticatorFixture();
    const { secret: shown, authenticatorId } = await f.enrol("hotp");
    const resync = (secondCode: string) =>
      f.useCases.resyncHotp({ subject: user, authenticatorId, firstCode: f.hotp(shown, 1), secondCode }, f.call);
    for (let index = 0; index < 10; index++) expect(await no(resync("000000"))).toMatchObject({ reason: "CODE_MISMATCH" });
    expect(await no(resync(f.hotp(shown, 2)))).toMatchObject({ reason: "TOO_MANY_ATTEMPTS", metadata: { scope: "recipient" } });
  });
});

describe("who may", () => {
  it("is a service, and what it did is told without secrets", async () => {
    const f = createAuthenticatorFixture();
    for (const refused of [
      f.useCases.enrolTotp(enrolment, f.browser),
      f.useCases.listAuthenticators({ subject: user }, f.browser),
      f.useCases.generateRecoveryCodes({ subject: user }, f.browser),
      f.useCases.deleteAuthenticator({ subject: user, authenticatorId: "a".repeat(16) }, f.browser),
    ])
      expect(await no(refused)).toMatchObject({ reason: "CALLER_NOT_ALLOWED" });
    const { authenticatorId, secret: shown } = await f.enrol("totp");
    await ok(f.useCases.deleteAuthenticator({ subject: user, authenticatorId }, f.call));
    expect(await no(f.useCases.deleteAuthenticator({ subject: user, authenticatorId }, f.call))).toMatchObject({
      reason: "AUTHENTICATOR_NOT_FOUND",
    });
    expect(f.acts.map(({ act, reason }) => `${act} ${reason}`)).toEqual([
      "enrol CALLER_NOT_ALLOWED",
      "generate_recovery_codes CALLER_NOT_ALLOWED",
      "delete CALLER_NOT_ALLOWED",
      "enrol OK",
      "confirm OK",
      "delete OK",
      "delete AUTHENTICATOR_NOT_FOUND",
    ]);
    expect(JSON.stringify(f.acts)).not.toMatch(new RegExp(`${shown}|${user}`));
  });
});

describe("without the store", () => {
  it("every call says that it cannot be reached, and operators see that too", async () => {
    const f = createAuthenticatorFixture();
    const away = () => Promise.reject(new StoreUnavailable(new Error("away")));
    Object.assign(f.deps.authenticators, { store: { addAuthenticators: away, proveAuthenticator: away, removeAuthenticator: away } });
    Object.assign(f.deps, { ledgers: { ...f.deps.ledgers, inspect: away } });
    const guess = { subject: user, authenticatorId: "a".repeat(16), code: "123456" };
    const { useCases: of, call } = f;
    for (const refused of [
      of.enrolTotp(enrolment, call),
      of.enrolHotp(enrolment, call),
      of.confirmTotp(guess, call),
      of.confirmHotp(guess, call),
      of.resyncHotp({ ...guess, firstCode: "123456", secondCode: "123456" }, call),
      of.listAuthenticators({ subject: user }, call),
      of.deleteAuthenticator(guess, call),
      of.generateRecoveryCodes({ subject: user }, call),
      of.importAuthenticators({ subject: user, authenticators: [imported()] }, call),
    ])
      expect(await no<{ readonly reason: string }>(refused as Promise<never>)).toMatchObject({ reason: "STORE_UNAVAILABLE" });
    expect(f.acts.map(({ reason }) => reason)).toEqual(Array.from({ length: 8 }, () => "STORE_UNAVAILABLE"));
  });
});
