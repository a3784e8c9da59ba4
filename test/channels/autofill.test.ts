import fc from "fast-check";
import { expect, test } from "vitest";
import { languages } from "../../src/channels/languages.ts";
import { createSmsRoute } from "../../src/channels/sms.ts";
import type { Wording } from "../../src/otp/ports.ts";
import { application, noCarrier, wording } from "./application.ts";
import { smsTemplate, wordedBy } from "./templates.ts";

const hash = "FA+9qCX9VSu";
const sms = (more: Partial<Wording>) => createSmsRoute(noCarrier).compose({ ...wording, ...more }).text;

test("Android's hash comes before the origin, each on its own line, the origin last", () => {
  const lines = (autofill: Wording["autofill"]) => sms({ autofill }).split("\n").slice(1);
  expect(lines({ androidAppHash: hash, webOrigin: "example.com" })).toEqual([hash, "@example.com #482913"]);
  expect(lines({ webOrigin: "example.com" })).toEqual(["@example.com #482913"]);
  expect(lines({ androidAppHash: hash })).toEqual([hash]);
  expect(lines({ androidAppHash: "", webOrigin: "" })).toEqual([]);
});

test("what the code confirms stays above those lines", () => {
  const { text } = createSmsRoute(noCarrier).compose(
    wordedBy([smsTemplate("{code} is it.")], { binding: { payee: "ACME" }, autofill: { androidAppHash: hash, webOrigin: "a.example" } }),
  );
  expect(text).toBe(`482913 is it.\npayee ACME\n${hash}\n@a.example #482913`);
});

test("a message too long for Android is said in fewer words, then without the hash, but always whole", () => {
  const autofill = { androidAppHash: hash, webOrigin: "login.example.com" };
  const named = { ...application, displayName: "Example Bank of Examples Limite" };
  expect(sms({ autofill, locale: "de", application: named })).toBe(
    `482913 ist Ihr Code für Example Bank of Examples Limite. Geben Sie ihn nie weiter.\n${hash}\n@login.example.com #482913`,
  );
  const binding = { amount: "49.90 EUR", payee: "Example Payee of Somewhere Ltd" };
  expect(sms({ autofill, binding })).toBe(
    "482913 is your Example code to confirm amount 49.90 EUR, payee Example Payee of Somewhere Ltd. It expires in 5 minutes. Never share it.\n@login.example.com #482913",
  );
});

test("an application's own text is not exchanged for another", () => {
  const long = `{code} ${"word ".repeat(28).trim()}`;
  const compose = (text: string) =>
    createSmsRoute(noCarrier).compose(wordedBy([smsTemplate(text)], { autofill: { androidAppHash: hash } })).text;
  expect(compose("{code} short")).toBe(`482913 short\n${hash}`);
  expect(compose(long)).toBe(long.replace("{code}", "482913"));
});

test("no message with a hash is over 140 bytes, and every message has its code, its details and its last line", () => {
  const locales = fc.constantFrom(...Object.keys(languages));
  const values = fc.string({ unit: fc.constantFrom("a", "ß", "ж", "語", "😀", " ", "."), minLength: 1, maxLength: 70 });
  let withHash = 0;
  fc.assert(
    fc.property(
      locales,
      values,
      fc.option(values),
      fc.constantFrom("", "a.example", `${"x".repeat(60)}.example`),
      (locale, name, payee, webOrigin) => {
        const binding: Wording["binding"] = payee === null ? {} : { payee: `${payee}!` };
        const displayName = [...name].slice(0, 30).join("");
        const text = sms({ locale, binding, application: { ...application, displayName }, autofill: { androidAppHash: hash, webOrigin } });
        const lines = text.split("\n");
        expect(lines[0]).toMatch(/^482913 /);
        if (payee !== null) expect(lines[0]).toContain("!");
        if (webOrigin) expect(lines.at(-1)).toBe(`@${webOrigin} #482913`);
        if (!lines.includes(hash)) return;
        withHash += 1;
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(140);
        expect(lines.indexOf(hash)).toBe(webOrigin ? lines.length - 2 : lines.length - 1);
      },
    ),
    { numRuns: 1000 },
  );
  expect(withHash).toBeGreaterThan(100);
});
