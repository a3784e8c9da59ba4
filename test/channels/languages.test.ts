import { describe, expect, test } from "vitest";
import { createEmailRoute } from "../../src/channels/email.ts";
import { isRightToLeft, languages, lookupTags } from "../../src/channels/languages.ts";
import { messageProblem, variablesOf } from "../../src/channels/message-format.ts";
import { measure } from "../../src/channels/segments.ts";
import { createSmsRoute } from "../../src/channels/sms.ts";
import { createVoiceRoute } from "../../src/channels/voice.ts";
import type { Wording } from "../../src/otp/ports.ts";
import { application, noCarrier, wording } from "./application.ts";

const sms = (more: Partial<Wording>) => createSmsRoute(noCarrier).compose({ ...wording, ...more }).text;
const named = (displayName: string) => ({ ...application, displayName });

/** What a message takes with "Example", 7 characters, for 5 minutes. UCS-2 has 70 units a segment, GSM-7 160. */
const sizes: readonly (readonly [locale: string, encoding: string, units: number])[] = [
  ["ar", "UCS-2", 66],
  ["de", "GSM-7", 84],
  ["en", "GSM-7", 69],
  ["es", "GSM-7", 78],
  ["fr", "GSM-7", 82],
  ["he", "UCS-2", 66],
  ["hi", "UCS-2", 61],
  ["it", "GSM-7", 81],
  ["ja", "UCS-2", 45],
  ["ko", "UCS-2", 51],
  ["nl", "GSM-7", 89],
  ["pl", "GSM-7", 67],
  ["pt", "UCS-2", 67],
  ["sv", "GSM-7", 81],
  ["tr", "GSM-7", 75],
  ["uk", "UCS-2", 62],
  ["zh", "UCS-2", 36],
  ["zh-Hant", "UCS-2", 36],
];

test("the table is of every language", () => {
  expect(sizes.map(([locale]) => locale)).toEqual(Object.keys(languages).toSorted());
});

describe.each(sizes)("%s", (locale, encoding, units) => {
  const phrases = languages[locale];
  const binding = { amount: "49.90 EUR", payee: "ACME" };

  test("is one segment, and begins with the code", () => {
    const text = sms({ locale });
    expect({ ...measure(text) }).toMatchObject({ encoding, units, segments: 1 });
    expect(text.startsWith("482913 ")).toBe(true);
    expect(text).toContain("Example");
  });

  test("is one segment with the longest name, code and time, where the alphabet allows it", () => {
    const longest = sms({ locale, application: named("Example Bank of Examples Limite"), code: "0123456789", lifetimeMs: 600_000 });
    if (encoding === "GSM-7") expect(measure(longest)).toMatchObject({ encoding, segments: 1 });
    else expect(measure(longest).segments).toBeLessThanOrEqual(2);
  });

  test("says what the code confirms, in words of its own, in every medium", () => {
    const mail = createEmailRoute(noCarrier).compose({ ...wording, locale, binding });
    const call = createVoiceRoute(noCarrier).compose({ ...wording, locale, binding });
    for (const text of [sms({ locale, binding }), mail.text, mail.html, call.speech?.before]) {
      expect(text).toContain("49.90 EUR");
      expect(text).toContain("ACME");
      expect(text).toContain(phrases?.names.amount);
      expect(text).toContain(phrases?.names.payee);
    }
  });

  test("has the phishing warning in every medium", () => {
    const mail = createEmailRoute(noCarrier).compose({ ...wording, locale });
    const warning = phrases?.mail.warning.replaceAll("''", "'").split("{app}")[0] ?? "?";
    expect(mail.text).toContain(warning);
    expect(sms({ locale }).length).toBeGreaterThan(30);
  });

  test("every text is good ICU MessageFormat, with the variables it may have and no other", () => {
    const { minutes, seconds, confirming, sms: text, compact, speech, mail } = phrases ?? languages.en ?? raise();
    const texts = [text, compact, speech.before, speech.after, ...Object.values(mail)];
    for (const message of [minutes, seconds, confirming, ...texts]) expect(messageProblem(message, locale)).toBeUndefined();
    for (const message of [text, compact]) expect(message).toMatch(/^\{code\} .*\{app\}.*\{confirming\}/);
    for (const message of [text, speech.after, mail.expires]) expect(message).toContain("{lifetime}");
    for (const message of [speech.before, speech.after, mail.subject]) expect(message).not.toContain("{code}");
    const known = ["code", "app", "lifetime", "confirming"];
    for (const message of texts) expect(known).toEqual(expect.arrayContaining([...variablesOf(message, locale)]));
    for (const message of [minutes, seconds]) expect(variablesOf(message, locale)).toEqual(["count"]);
    expect(variablesOf(confirming, locale)).toEqual(["details"]);
  });

  test("the compact text leaves room for what Android reads", () => {
    const autofill = { androidAppHash: "FA+9qCX9VSu", webOrigin: "app.example.com" };
    const text = sms({ locale, autofill });
    expect(text.split("\n").slice(1)).toEqual(["FA+9qCX9VSu", "@app.example.com #482913"]);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(140);
  });
});

test.each([
  ["pl", [1, 2, 5, 10], ["1 minutę", "2 minuty", "5 minut", "10 minut"]],
  ["uk", [1, 2, 5, 10], ["1 хвилину", "2 хвилини", "5 хвилин", "10 хвилин"]],
  ["ar", [1, 2, 5, 10], ["دقيقة واحدة", "دقيقتين", "5 دقائق", "10 دقائق"]],
  ["he", [1, 2, 5, 10], ["דקה", "שתי דקות", "5 דקות", "10 דקות"]],
  ["fr", [1, 2, 5, 10], ["1 minute", "2 minutes", "5 minutes", "10 minutes"]],
  ["ja", [1, 2, 5, 10], ["1分", "2分", "5分", "10分"]],
])("minutes in %s", (locale, counts, said) => {
  for (const [index, count] of counts.entries()) expect(sms({ locale, lifetimeMs: count * 60_000 })).toContain(` ${said[index]}`.trim());
});

test.each([
  ["pl", ["1 sekundę", "22 sekundy", "45 sekund"]],
  ["uk", ["1 секунду", "22 секунди", "45 секунд"]],
  ["ar", ["ثانية واحدة", "22 ثانية", "45 ثانية"]],
])("seconds in %s", (locale, said) => {
  for (const [index, count] of [1, 22, 45].entries()) expect(sms({ locale, lifetimeMs: count * 1000 })).toContain(said[index]);
});

test("names in another direction are isolated where people read, and not where they listen", () => {
  expect(sms({ locale: "ar" })).toContain("\u2068Example\u2069");
  expect(sms({ locale: "he", application: named("דוגמה") })).not.toMatch(/[\u2066-\u2069]/);
  expect(sms({ locale: "en", application: named("דוגמה") })).not.toMatch(/[\u2066-\u2069]/);
  expect(sms({ locale: "ar", code: "H7KQ3X" })).toMatch(/^\u2068H7KQ3X\u2069 /);
  const call = createVoiceRoute(noCarrier).compose({ ...wording, locale: "ar", binding: { payee: "ACME" } });
  expect(JSON.stringify(call)).not.toMatch(/[\u2066-\u2069]/);
  const { html } = createEmailRoute(noCarrier).compose({ ...wording, locale: "ar" });
  expect(html).toContain('<html lang="ar" dir="rtl">');
  expect(html).toMatch(/dir="ltr"[^>]*>482913</);
});

test("a call is in the language of its text, with the region that was asked for", () => {
  const locales = ["pt-BR", "zh-TW", "cs", "en-gb"].map((locale) => createVoiceRoute(noCarrier).compose({ ...wording, locale }).locale);
  expect(locales).toEqual(["pt-BR", "zh-TW", "en", "en-GB"]);
});

test.each([
  ["de-CH-1996", ["de-CH-1996", "de-CH", "de-Latn", "de"]],
  ["zh-TW", ["zh-TW", "zh-Hant", "zh"]],
  ["zh", ["zh", "zh-Hans"]],
  ["sr-Latn-RS", ["sr-Latn-RS", "sr-Latn", "sr"]],
  ["EN-us-u-ca-gregory", ["en-US", "en-Latn", "en"]],
  ["constructor", []],
  ["x", []],
])("%s is looked for under %j", (range, tags) => {
  expect(lookupTags(range)).toEqual(tags);
});

test.each([
  ["ar", true],
  ["fa-IR", true],
  ["he", true],
  ["ur", true],
  ["az-Arab", true],
  ["az", false],
  ["en", false],
])("%s is written from right to left: %s", (locale, expected) => {
  expect(isRightToLeft(locale)).toBe(expected);
});

function raise(): never {
  throw new Error("no such language");
}
