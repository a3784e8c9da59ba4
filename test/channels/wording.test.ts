import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEmailRoute } from "../../src/channels/email.ts";
import { createSmsRoute } from "../../src/channels/sms.ts";
import { createVoiceRoute } from "../../src/channels/voice.ts";
import type { Wording } from "../../src/otp/ports.ts";
import { application, noCarrier, wording } from "./application.ts";

const sms = (more: Partial<Wording> = {}) => createSmsRoute(noCarrier).compose({ ...wording, ...more });
const voice = (more: Partial<Wording> = {}) => createVoiceRoute(noCarrier).compose({ ...wording, ...more });
const email = (more: Partial<Wording> = {}) =>
  createEmailRoute(noCarrier).compose({ ...wording, recipient: { kind: "email", value: "ada@example.org" }, ...more });

describe("a text message", () => {
  test("begins with the code, names the application and the time left, and warns", () => {
    expect(sms()).toEqual({
      channel: "sms",
      to: "+4915112345678",
      code: "482913",
      text: "482913 is your Example code. It expires in 5 minutes. Never share it.",
      locale: "en",
    });
  });

  test("shows what the code confirms, in the order of its names", () => {
    const { text } = sms({ binding: { payee: "ACME GmbH", amount: "49.90 EUR", account_holder: "Ada" } });
    expect(text).toBe(
      "482913 is your Example code to confirm account holder Ada, amount 49.90 EUR, payee ACME GmbH. It expires in 5 minutes. Never share it.",
    );
  });

  test("no value of a binding makes a line, a link, a direction mark or an endless text of it", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.stringMatching(/^[A-Za-z0-9_.-]{1,32}$/), fc.string({ unit: "binary", minLength: 1, maxLength: 140 }), {
          maxKeys: 8,
        }),
        (binding) => {
          const { text } = sms({ binding, autofill: { webOrigin: "example.com" } });
          const lines = text.split("\n");
          expect(lines).toHaveLength(2);
          expect(lines[0]).toMatch(/^482913 is your Example code[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*Never share it\.$/u);
          expect(lines[1]).toBe("@example.com #482913");
          expect(text.length).toBeLessThan(1600);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test.each([
    ["https://evil.example/login", "https: evil. example/login"],
    ["visit www.evil.example now", "visit www. evil. example now"],
    ["eve@evil.example", "eve@evil. example"],
    ["evil。example", "evil。 example"],
    ["Booking.com", "Booking. com"],
    ["1.234,56 EUR", "1.234,56 EUR"],
    ["Dr. No", "Dr. No"],
    ["a\r\n@evil.example #111111", "a @evil. example #111111"],
    ["\u202eRUE 00.1", "RUE 00.1"],
    ["\ud83d\ude00 ok", "\ud83d\ude00 ok"],
    ["x".repeat(71), `${"x".repeat(67)}...`],
  ])("shows %j as %j", (value, shown) => {
    expect(sms({ binding: { payee: value } }).text).toContain(`to confirm payee ${shown}.`);
  });
});

describe("the time left", () => {
  test.each([
    [600_000, "10 minutes"],
    [299_999, "4 minutes"],
    [120_000, "2 minutes"],
    [119_999, "1 minute"],
    [60_000, "1 minute"],
    [59_999, "59 seconds"],
    [1_000, "1 second"],
    [10, "1 second"],
  ])("%d ms are %s", (lifetimeMs, said) => {
    expect(sms({ lifetimeMs }).text).toContain(`It expires in ${said}.`);
  });
});

describe("the language", () => {
  test.each([
    ["de", "de"],
    ["de-CH", "de"],
    ["DE-ch-1996", "de"],
    ["en-GB", "en"],
    ["zh-TW", "zh-Hant"],
    ["zh-Hans-SG", "zh"],
    ["iw", "he"],
    ["cs", "en"],
    ["", "en"],
    ["constructor", "en"],
    ["__proto__", "en"],
  ])("for %j is %s", (locale, found) => {
    expect(sms({ locale }).locale).toBe(found);
  });

  test("falls back to the application's before English", () => {
    const german = { ...application, defaultLocale: "de-AT" };
    expect(sms({ application: german, locale: "cs" })).toMatchObject({
      locale: "de",
      text: expect.stringMatching(/^482913 ist Ihr Code für Example\. Er läuft in 5 Minuten ab\./),
    });
    expect(sms({ application: german, locale: "en" }).locale).toBe("en");
  });
});

describe("a call", () => {
  test("is said twice, around the code, which is nowhere else", () => {
    const call = voice({ binding: { amount: "49.90 EUR" } });
    expect(call).toMatchObject({ channel: "voice", to: "+4915112345678", code: "482913", locale: "en" });
    expect(call.speech).toEqual({
      before: "Your Example code to confirm amount 49.90 EUR is:",
      after: "It expires in 5 minutes. Never share it.",
      repeat: 2,
    });
    expect(JSON.stringify({ ...call, code: "" })).not.toContain("482913");
  });
});

describe("an email", () => {
  test("has the code first in its text, and never in its subject", () => {
    const mail = email({ binding: { payee: "ACME", amount: "1 EUR" } });
    expect(mail.subject).toBe("Your Example code");
    expect(mail.text).toMatch(
      /^482913 is your Example code\.\n\nIt confirms:\namount: 1 EUR\npayee: ACME\n\nIt expires in 5 minutes\.\nNever share it/,
    );
    expect(mail.html).toContain(">482913<");
    expect(email({ locale: "de" }).subject).toBe("Ihr Code für Example");
  });

  test("fetches nothing and links nowhere", () => {
    expect(email({ binding: { payee: "https://evil.example" } }).html).not.toMatch(
      /<(?:img|a|link|script|iframe|object|form)\b|url\(|@import|src=|href=/i,
    );
  });

  test("escapes every value in HTML", () => {
    const hostile = `</td><script>alert("1")</script>&'`;
    const { html, subject } = email({ application: { ...application, displayName: hostile }, binding: { payee: hostile } });
    expect(html).not.toContain("<script");
    expect(html?.match(/&lt;script&gt;/g)?.length).toBeGreaterThanOrEqual(3);
    expect(html).toContain("&quot;1&quot;");
    expect(subject).not.toMatch(/[\r\n]/);
  });

  test("has one line of subject, whatever the application is called", () => {
    expect(email({ application: { ...application, displayName: "Exa\r\nBcc: eve@example.org\u2028mple" } }).subject).toBe(
      "Your Exa Bcc: eve@example.org mple code",
    );
  });
});

test("each route says whom it reaches and who carries it", () => {
  const routes = [createSmsRoute, createVoiceRoute, createEmailRoute].map((create) => create(noCarrier));
  expect(routes.map(({ channel, reaches }) => [channel, reaches])).toEqual([
    ["sms", ["phone"]],
    ["voice", ["phone"]],
    ["email", ["email"]],
  ]);
  for (const route of routes) expect(route.carrier).toBe(noCarrier);
});
