import { describe, expect, test } from "vitest";
import { templateProblems, templateWarnings } from "../../src/channels/check-template.ts";
import type { MessageTemplate } from "../../src/otp/types.ts";
import { mailTemplate, smsTemplate, voiceTemplate } from "./templates.ts";

const owner = { displayName: "Example", codeLength: 6, lifetimeMs: 300_000, autofill: { androidAppHashes: [] as string[] } };
const problems = (template: MessageTemplate, more: Partial<typeof owner> = {}) =>
  templateProblems(template, { ...owner, ...more }).map(({ setting, message }) => `${setting} ${message}`);
const warnings = (template: MessageTemplate, more: Partial<typeof owner> = {}) =>
  templateWarnings(template, { ...owner, ...more }).map(({ setting, message }) => `${setting} ${message}`);

test.each<[string, MessageTemplate]>([
  ["plain", smsTemplate("{code} is your {app} code for {lifetime}.")],
  ["plurals", smsTemplate("{minutes, plural, =0 {{code} now} one {{code} # minute} other {{code} # minutes}}")],
  ["values", smsTemplate("{code} {shop}", { variables: { shop: 100 } })],
  ["an apostrophe", smsTemplate("{code} n'est pas l''{app}")],
  ["angle brackets", smsTemplate("<#> {code} {app}")],
  ["another alphabet", smsTemplate("{code} ваш код {app}", { locale: "uk" })],
  ["two segments", smsTemplate(`{code} ${"x".repeat(160)}`, { maxSegments: 2 } as Partial<MessageTemplate>)],
  ["a call", voiceTemplate("This is {app}:", "It ends in {lifetime}.")],
  ["an email", mailTemplate("{code}\n\n{details}", { html: "<p>{code}</p>", subject: "For {app}" })],
])("%s is good", (_what, template) => {
  expect(problems(template)).toEqual([]);
});

test.each<[string, MessageTemplate, string[]]>([
  ["a brace that is not closed", smsTemplate("Your {code is"), ["text is not ICU MessageFormat at line 1, column 6: malformed argument"]],
  [
    "a plural without other",
    smsTemplate("{code}\n{minutes, plural, one {x}}"),
    ["text is not ICU MessageFormat at line 2, column 26: missing other clause"],
  ],
  ["a number format", smsTemplate("{code} {minutes, number}"), ["text has {minutes, number}: values are texts, so leave the format out"]],
  [
    "an apostrophe that quotes a variable",
    smsTemplate("{code} l'{app}"),
    ["text has {app} as plain text: an apostrophe before a brace or angle bracket quotes what follows, so write it twice"],
  ],
  [
    "unknown variables",
    smsTemplate("{code} {shop} {cod}", { variables: { shop: 5 } }),
    ["text has {cod}, which is unknown: write one of code, app, lifetime, minutes, details, shop, or add it to variables"],
  ],
  [
    "a variable that is in no text",
    smsTemplate("{code}", { variables: { shop: 5 } }),
    ["variables.shop is in none of the texts: leave it out"],
  ],
  [
    "a variable of ours",
    smsTemplate("{code}", { variables: { code: 5 } }),
    ["variables.code is a variable of every text: leave it out here"],
  ],
  ["no code", smsTemplate("Hello {app}"), ["text has no {code}: begin with it"]],
  [
    "a code in one branch only",
    smsTemplate("{minutes, plural, one {{code}} other {x}}"),
    ["text has {code} in some of its plurals and selects only: write it in all of them"],
  ],
  [
    "a subject with the code, and HTML without",
    mailTemplate("{code}", { subject: "{code}", html: "<p></p>" }),
    ["subject has {code}: leave it out, since mail servers log subjects", "html has no {code}: begin with it"],
  ],
  [
    "a code in speech",
    voiceTemplate("{code}", "Again: {code}"),
    [
      "before has {code}: leave it out, since it is spoken between the two, digit by digit",
      "after has {code}: leave it out, since it is spoken between the two, digit by digit",
    ],
  ],
  [
    "two segments",
    smsTemplate(`{code} ${"x".repeat(154)}`),
    ["text takes 2 segments at its longest (161 GSM-7 characters, 153 a segment): shorten it, or set maxSegments to 2"],
  ],
  [
    "one character that is not in the alphabet",
    smsTemplate(`{code} is your code. Don’t share it.${"x".repeat(40)}`),
    [
      "text takes 2 segments at its longest (76 UCS-2 characters, 67 a segment), because GSM-7 has no ’ (U+2019): shorten it, or set maxSegments to 2",
    ],
  ],
  [
    "a script that is not in the alphabet",
    smsTemplate(`{code} ${"ваш код ".repeat(9)}`, { locale: "uk" }),
    [
      "text takes 2 segments at its longest (78 UCS-2 characters, 67 a segment), because GSM-7 has no в (U+0432), а (U+0430), ш (U+0448) and others: shorten it, or set maxSegments to 2",
    ],
  ],
])("%s is told", (_what, template, told) => {
  expect(problems(template)).toEqual(told);
});

describe("the length is that of the longest message", () => {
  const tight = (room: number) => smsTemplate(`{code} {app} {lifetime} ${"x".repeat(160 - room)}`);

  test("by code, name and time", () => {
    // 6 + 7 + "5 minutes" (9), or "59 seconds" (10), and three spaces.
    expect(problems(tight(26))).toEqual([]);
    expect(problems(tight(25))).toEqual([expect.stringContaining("161 GSM-7 characters")]);
    expect(problems(tight(26), { codeLength: 7 })).toHaveLength(1);
    expect(problems(tight(26), { displayName: "Examples" })).toHaveLength(1);
    expect(problems(tight(26), { displayName: "Exampl€" })).toHaveLength(1);
    expect(problems(tight(25), { lifetimeMs: 30_000 })).toHaveLength(1);
    expect(problems(tight(26), { lifetimeMs: 600_000 })).toEqual([]);
  });

  test("and by what callers may give", () => {
    const template = (max: number) => smsTemplate("{code} {shop}", { variables: { shop: max } });
    expect(problems(template(140))).toEqual([]);
    expect(problems(smsTemplate(`{code} {shop} ${"x".repeat(13)}`, { variables: { shop: 140 } }))).toHaveLength(1);
  });
});

describe("a warning", () => {
  test("tells of a code that stands too late", () => {
    expect(warnings(smsTemplate(`${"x".repeat(30)}{code}`))).toEqual([]);
    expect(warnings(smsTemplate(`${"x".repeat(31)}{code}`))).toEqual([
      "text has its code behind 31 characters, where a notification may not show it: begin with {code}",
    ]);
  });

  test("tells of a text that leaves Android's hash no room, where there is one", () => {
    const long = smsTemplate(`{code} ${"x".repeat(122)}`);
    const autofill = { androidAppHashes: ["FA+9qCX9VSu"] };
    expect(warnings(long)).toEqual([]);
    expect(warnings(long, { autofill })).toEqual([
      "text has up to 141 bytes with the hash of an app, and Android reads at most 140: the hash will be left out",
    ]);
    expect(warnings(smsTemplate(`{code} ${"x".repeat(121)}`), { autofill })).toEqual([]);
  });

  test("is not about what has no length", () => {
    expect(warnings(mailTemplate(`${"x".repeat(500)} {code}`))).toEqual([]);
    expect(warnings(voiceTemplate("a", "b"))).toEqual([]);
  });
});
