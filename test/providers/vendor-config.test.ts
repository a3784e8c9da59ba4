import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, test } from "vitest";
import { carriedChannels, createProvider, providerConfig, providerKinds } from "../../src/providers/create-provider.ts";
import { application } from "./vonage-api.ts";

const from = "+15005550006";
const twilio = { kind: "twilio", accountSid: `AC${"0".repeat(32)}`, authToken: "secret-token", from };
const twilioWhatsapp = { from, templates: [{ locale: "en", contentSid: `HX${"0".repeat(32)}` }] };
const vonage = { kind: "vonage", applicationId: application.id, privateKey: application.privateKey, from };
const vonageTemplate = { locale: "en", name: "login_code", language: "en_US" };
const vonageWhatsapp = { from, templates: [vonageTemplate] };
const bird = { kind: "bird", accessKey: "secret-token", from };
const accessKey = { id: "AKIAIOSFODNN7EXAMPLE", secret: "secret-token" };
const sns = { kind: "sns", region: "eu-central-1", accessKey };

const pemOf = (key: KeyObject) => key.export({ type: "pkcs8", format: "pem" });
const shortKey = pemOf(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey);
const curveKey = pemOf(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey);
const brokenKey = "-----BEGIN PRIVATE KEY-----\nsecret-token\n-----END PRIVATE KEY-----";

test("defaults", () => {
  expect(providerConfig.parse(vonage)).toEqual({ ...vonage, timeoutSeconds: 8 });
  expect(providerConfig.parse(bird)).toEqual({ ...bird, timeoutSeconds: 8 });
  expect(providerConfig.parse(sns)).toEqual({ ...sns, findCredentials: false, timeoutSeconds: 8 });
});

test("what each kind carries, and what it does not carry as it is configured", () => {
  const { twilio: a, vonage: b, bird: c, sns: d } = providerKinds;
  expect([a, b, c, d].map(({ carries }) => carries)).toEqual([
    ["sms", "voice", "whatsapp"],
    ["sms", "voice", "whatsapp"],
    ["sms", "voice"],
    ["sms"],
  ]);
  const carries = (config: object) => carriedChannels(providerConfig.parse(config));
  expect(carries({ ...twilio, whatsapp: twilioWhatsapp })).toEqual(["sms", "voice", "whatsapp"]);
  expect(carries({ ...twilio, from: undefined, whatsapp: twilioWhatsapp })).toEqual(["whatsapp"]);
  expect(carries(vonage)).toEqual(["sms", "voice"]);
  expect(carries({ ...vonage, from: "Example", whatsapp: vonageWhatsapp })).toEqual(["sms", "whatsapp"]);
  expect(carries({ ...vonage, from: undefined, whatsapp: vonageWhatsapp })).toEqual(["whatsapp"]);
  expect(carries(bird)).toEqual(["sms", "voice"]);
  expect(carries({ ...bird, from: "Example" })).toEqual(["sms"]);
  expect(carries(sns)).toEqual(["sms"]);
});

test("a provider is called what its operator calls it", async () => {
  for (const config of [vonage, bird, sns]) {
    const provider = await createProvider("mine", providerConfig.parse(config), { now: () => 0 });
    expect(provider.name).toBe("mine");
    await provider.close();
  }
});

const wrong: readonly (readonly [why: string, config: object, path: string])[] = [
  ["WhatsApp without a template", { ...twilio, whatsapp: { ...twilioWhatsapp, templates: [] } }, "whatsapp.templates"],
  ["WhatsApp from a name", { ...twilio, whatsapp: { ...twilioWhatsapp, from: "Example" } }, "whatsapp.from"],
  [
    "a template of no language",
    { ...twilio, whatsapp: { ...twilioWhatsapp, templates: [{ ...twilioWhatsapp.templates[0], locale: "en_US!" }] } },
    "whatsapp.templates.0.locale",
  ],
  ["no application", { ...vonage, applicationId: "shop" }, "applicationId"],
  ["no key", { ...vonage, privateKey: undefined }, "privateKey"],
  ["a key that is none", { ...vonage, privateKey: brokenKey }, "privateKey"],
  ["a key that is too short", { ...vonage, privateKey: shortKey }, "privateKey"],
  ["a key of another kind", { ...vonage, privateKey: curveKey }, "privateKey"],
  ["nobody who sends", { ...vonage, from: undefined }, "from"],
  ["a sender that is neither number nor name", { ...vonage, from: "12345" }, "from"],
  [
    "a template by a name that cannot be",
    { ...vonage, whatsapp: { from, templates: [{ ...vonageTemplate, name: "Login Code" }] } },
    "whatsapp.templates.0.name",
  ],
  ["an unknown setting", { ...vonage, apiKey: "secret-token" }, ""],
  ["credentials over the open net", { ...vonage, baseUrl: "http://api.example" }, "baseUrl"],
  ["no access key", { ...bird, accessKey: "" }, "accessKey"],
  ["a line break in the access key", { ...bird, accessKey: "secret-token\n" }, "accessKey"],
  ["no sender", { ...bird, from: undefined }, "from"],
  ["a region that is a host", { ...sns, region: "evil.example/" }, "region"],
  ["no credentials", { ...sns, accessKey: undefined }, "accessKey"],
  ["two credentials", { ...sns, findCredentials: true }, "accessKey"],
  ["half of an access key", { ...sns, accessKey: { id: accessKey.id } }, "accessKey.secret"],
  ["a sender's name without a letter", { ...sns, senderId: "12345" }, "senderId"],
  ["a time longer than any call", { ...sns, timeoutSeconds: 15 }, "timeoutSeconds"],
];

describe("refuses, with the setting and what to write,", () => {
  test.each(wrong)("%s", (_why, config, path) => {
    const { error } = providerConfig.safeParse(config);
    const problems = error?.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`) ?? [];
    const [problem = ""] = problems.filter((each) => each.startsWith(`${path}:`));
    expect(problem).toMatch(path === "" ? /unrecognized/i : /: write /);
    expect(problems.join()).not.toContain("secret-token");
  });
});

test("takes senders, ids and origins as vendors have them", () => {
  for (const config of [
    { ...vonage, entityId: "1101456324675322134", contentId: "1107457532145798767", baseUrl: "https://api-eu.vonage.com" },
    { ...vonage, whatsapp: { from, templates: [vonageTemplate, { ...vonageTemplate, locale: "pt-BR", language: "pt_BR" }] } },
    { ...bird, baseUrl: "http://127.0.0.1:9999" },
    { ...sns, senderId: "MY-SHOP", entityId: "1101456324675322134", templateId: "1107457532145798767", region: "us-gov-west-1" },
    { ...sns, accessKey: undefined, findCredentials: true },
  ])
    expect(providerConfig.safeParse(config).error).toBeUndefined();
});
