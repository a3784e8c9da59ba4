import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problem.ts";
import { loadGood, problemsOf, production, writeConfig } from "./production.ts";

const withWording = (wording: unknown, more: Record<string, unknown> = {}) => {
  const document = production();
  Object.assign(document.applications[0] ?? {}, { wording, ...more });
  return document;
};
const templates = (...all: unknown[]) => withWording({ templates: all });
const mail = { channel: "email", locale: "en", subject: "Your code", text: "{code}" };
const at = "applications[0].wording.templates";

test("good templates arrive with their defaults, and with canonical tags", () => {
  const config = loadGood(
    templates({ ...mail, locale: "de-ch", purpose: "payment", fromName: "Shop", variables: { item: 10 }, text: "{code} {item}" }),
  );
  expect(config.applications[0]?.templates).toEqual([
    {
      channel: "email",
      locale: "de-CH",
      purpose: "payment",
      subject: "Your code",
      text: "{code} {item}",
      fromName: "Shop",
      variables: { item: 10 },
      allowLinks: false,
    },
  ]);
  expect(loadGood(production()).applications[0]?.templates).toEqual([]);
});

test("every problem is told at once, each at its setting", () => {
  const document = templates(
    { ...mail, locale: "english", purpose: "Pay Up" },
    { ...mail, text: "Hello {app", subject: "{code}" },
    { ...mail, channel: "fax" },
    { ...mail, channel: "sms" },
    { ...mail, purpose: "refund", variables: { "a-b": 5, c: 0 } },
    { ...mail, locale: "de", html: "<p>{cod}</p>" },
    { ...mail, locale: "de", text: "" },
    { ...mail, locale: "fr", text: "{code}\u0007" },
    { channel: "voice", locale: "en", before: "Hello" },
    5,
  );
  expect(problemsOf(document)).toEqual([
    `${at}[0].purpose cannot be used: write a purpose of 1 to 64 characters of a-z 0-9 _ . -`,
    `${at}[0].locale is not a language tag: write one of BCP 47, such as en or de-CH`,
    `${at}[2].channel cannot be used: write one of sms, voice, email, whatsapp, push`,
    `${at}[3].subject is unknown: write one of channel, purpose, locale, variables, allowLinks, text, maxSegments`,
    `${at}[4].variables.a-b has a name that cannot be used: write a name of 1 to 32 letters, digits and _, a letter first`,
    `${at}[4].variables.c is 0: write the characters a value may have, a whole number from 1 to 140`,
    `${at}[6].text is empty: write the plain text in ICU MessageFormat, 1 to 10000 characters`,
    `${at}[7].text has a control character or direction override: write it without`,
    `${at}[8].after is missing: write what is said after the code in ICU MessageFormat, 1 to 500 characters`,
    `${at}[9] is 5: write a group of settings (name: value)`,
    `${at}[1].text is not ICU MessageFormat at line 1, column 7: expect argument closing brace`,
    `${at}[3].channel is sms, which this application does not use: add it to its channels`,
    `${at}[5].html has {cod}, which is unknown: write one of code, app, lifetime, minutes, details, or add it to variables`,
  ]);
});

test("templates fit the application", () => {
  const sms = { channel: "sms", locale: "en", text: "{code}" };
  expect(problemsOf(templates(sms, { ...mail, purpose: "refund" }))).toEqual([
    `${at}[0].channel is sms, which this application does not use: add it to its channels`,
    `${at}[1].purpose is not among the purposes: write one of login, payment`,
  ]);
});

test("there is one template for a channel, purpose and language, in whatever spelling", () => {
  const all = [
    { ...mail, locale: "de-ch" },
    { ...mail, locale: "de-CH", purpose: "login" },
    { ...mail, locale: "DE-CH" },
  ];
  expect(problemsOf(templates(...all))).toEqual([
    `${at}[2].locale is the language of another template for email and the same purpose: leave one of them out`,
  ]);
});

test("the length of a text message is that of this application", () => {
  const sms = (displayName: string, text: string) => {
    const document = withWording(
      { templates: [{ channel: "sms", locale: "en", text }] },
      { displayName, channels: ["sms"], code: { length: 8 } },
    );
    Object.assign(document, { providers: { t: twilio }, channels: { sms: ["t"] } });
    return problemsOf(document);
  };
  const twilio = { kind: "twilio", accountSid: `AC${"0".repeat(32)}`, authToken: "t", from: "Shop" };
  expect(sms("Shop", `{code} {app} ${"x".repeat(146)}`)).toEqual([]);
  expect(sms("Shopp", `{code} {app} ${"x".repeat(146)}`)).toEqual([
    `${at}[0].text takes 2 segments at its longest (161 GSM-7 characters, 153 a segment): shorten it, or set maxSegments to 2`,
  ]);
});

describe("a folder of templates", () => {
  const load = (files: Record<string, unknown>, wording: object = {}) => {
    const file = writeConfig(withWording({ path: "texts", ...wording }));
    mkdirSync(join(dirname(file), "texts"));
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(dirname(file), "texts", name), typeof content === "string" ? content : stringify(content));
    const loaded = loadConfig({ env: {}, file });
    return loaded.ok ? { ...loaded, lines: [] } : { ...loaded, lines: loaded.problems.map(formatProblem) };
  };
  const localesOf = (loaded: ReturnType<typeof load>) => loaded.ok && loaded.config.applications[0]?.templates?.map(({ locale }) => locale);

  test("is read in the order of its files, behind what stands in the configuration", () => {
    const loaded = load(
      {
        "b.yml": [{ ...mail, locale: "fr" }],
        "a.yaml": [
          { ...mail, locale: "de" },
          { ...mail, locale: "es" },
        ],
        "readme.md": "#",
        ".c.yaml": "x",
      },
      { templates: [mail] },
    );
    expect(loaded.lines).toEqual([]);
    expect(localesOf(loaded)).toEqual(["en", "de", "es", "fr"]);
  });

  test("names the file of each problem", () => {
    const files = {
      "a.yaml": [mail, { ...mail, text: "{cod}" }],
      "b.yaml": "a: 1",
      "c.yaml": "- {",
      "d.yaml": [{ ...mail, locale: "it", to: 1 }],
    };
    const { lines } = load(files, { templates: [mail] });
    expect(lines).toEqual([
      "texts/b.yaml is not a list: write a list of templates",
      expect.stringMatching(/texts\/c\.yaml:1:4 is not YAML/),
      expect.stringMatching(/^texts\/d\.yaml\[0\]\.to is unknown/),
      expect.stringMatching(/^texts\/a\.yaml\[1\]\.text has \{cod\}, which is unknown/),
      expect.stringMatching(/^texts\/a\.yaml\[0\]\.locale is the language of another template for email/),
      expect.stringMatching(/^texts\/a\.yaml\[1\]\.locale is the language of another template for email/),
    ]);
  });

  test("must be there, with a file in it", () => {
    expect(problemsOf(withWording({ path: "no-such" }))).toEqual([
      "applications[0].wording.path names a folder that does not exist: write the path of a file",
    ]);
    expect(load({}).lines).toEqual([
      "applications[0].wording.path names a folder without a .yaml file: write the path of one with templates",
    ]);
    expect(problemsOf(withWording({ path: 5 }))).toEqual([expect.stringMatching(/^applications\[0\]\.wording\.path is a number to YAML/)]);
  });

  test("has warnings with the name of the file, too", () => {
    const file = writeConfig(withWording({ path: "texts" }, { channels: ["whatsapp"] }));
    mkdirSync(join(dirname(file), "texts"));
    const text = `This is quite a lot to read before {code}`;
    writeFileSync(join(dirname(file), "texts", "a.yaml"), stringify([{ channel: "whatsapp", locale: "en", text }]));
    const document = production();
    const hook = {
      kind: "webhook",
      url: "https://gateway.example/send",
      channels: ["whatsapp"],
      secrets: [`whsec_${Buffer.alloc(32, 1).toString("base64")}`],
    };
    Object.assign(document.applications[0] ?? {}, { wording: { path: join(dirname(file), "texts") }, channels: ["whatsapp"] });
    Object.assign(document, { providers: { hook }, channels: { whatsapp: ["hook"] } });
    const loaded = loadConfig({ env: {}, file: writeConfig(document) });
    expect(loaded.ok ? loaded.warnings.map(formatProblem) : loaded.problems.map(formatProblem)).toEqual([
      expect.stringMatching(/texts\/a\.yaml\[0\]\.text has its code behind 35 characters/),
    ]);
  });
});
