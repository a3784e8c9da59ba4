import { describe, expect, test } from "vitest";
import { anApplication, loadGood, problemsOf, production } from "./production.ts";

/** One application with these settings, of which every channel has a provider. */
const withApplication = (more: object) => {
  const config = production();
  const { policy: _, ...application } = anApplication("shop");
  const sms = { kind: "twilio", accountSid: `AC${"0".repeat(32)}`, authToken: "t", from: "+15551234567" };
  const whatsapp = { from: "+15551234567", templates: [{ locale: "en", contentSid: `HX${"0".repeat(32)}` }] };
  return {
    ...config,
    applications: [{ ...application, ...more }],
    providers: { ...config.providers, sms: { ...sms, whatsapp } },
    channels: { email: ["mail"], sms: ["sms"], voice: ["sms"], whatsapp: ["sms"] },
  };
};
const problems = (more: object) => problemsOf(withApplication(more));
const policyOf = (more: object) => loadGood(withApplication(more)).applications[0]?.policy;

describe("in production, nothing is sent until somebody says where to", () => {
  test.for(["sms", "voice", "whatsapp"])("%s", (channel) => {
    expect(problems({ channels: ["email", channel] })).toEqual([
      `applications[0].policy.countries is missing, and the application uses ${channel}: write the countries it may send to, such as [DE, AT], or "*" for every country`,
    ]);
  });

  test("but addresses have no country", () => {
    expect(problems({ channels: ["email"] })).toEqual([]);
  });

  test("each channel may say it for itself", () => {
    expect(problems({ channels: ["sms"], policy: { sms: { countries: ["DE"] } } })).toEqual([]);
    expect(problems({ channels: ["sms", "voice"], policy: { sms: { countries: ["DE"] } } })).toEqual([
      expect.stringMatching(/^applications\[0\]\.policy\.countries is missing, and the application uses voice: /),
    ]);
  });

  test("every country must be said of calls by itself", () => {
    expect(problems({ channels: ["sms", "voice"], policy: { countries: "*" } })).toEqual([
      'applications[0].policy.voice.countries is missing, and "*" in policy.countries does not hold for calls, which cost most: write the countries to call, or "*" here too',
    ]);
    expect(problems({ channels: ["sms"], policy: { countries: "*" } })).toEqual([]);
    expect(problems({ channels: ["sms", "voice"], policy: { countries: "*", voice: { countries: "*" } } })).toEqual([]);
  });
});

test("what was said becomes what holds", () => {
  const policy = { countries: ["DE"], allow: ["+49151"], block: ["+49152"], voice: { countries: "*", numberTypes: ["mobile"] } };
  expect(policyOf({ channels: ["sms", "voice"], policy })).toEqual({
    allow: new Set(["+49151"]),
    block: new Set(["+49152"]),
    channels: {
      sms: { countries: new Set(["DE"]), types: new Set(["mobile", "fixed_line_or_mobile"]) },
      voice: { countries: "any", types: new Set(["mobile"]) },
    },
  });
});

test.for<[what: string, policy: object, problem: RegExp]>([
  [
    "a country that is none",
    { countries: ["DE", "XX"] },
    /^applications\[0\]\.policy\.countries\[1\] is no country that has phone numbers: write /,
  ],
  [
    "a country alone",
    { countries: "DE" },
    /^applications\[0\]\.policy\.countries cannot be used: write a list of 1 to 250 countries, or "\*"/,
  ],
  ["no country", { countries: [] }, /^applications\[0\]\.policy\.countries is a list of 0: write a list of 1 to 250 countries/],
  [
    "an unknown type",
    { countries: "*", sms: { numberTypes: ["mobil"] } },
    /sms\.numberTypes\[0\] cannot be used: write one of .*did you mean mobile\?/,
  ],
  [
    "calls to premium numbers",
    { countries: "*", voice: { numberTypes: ["premium_rate"] } },
    /voice\.numberTypes\[0\] cannot be used: write one of mobile, /,
  ],
  [
    "a number to YAML",
    { countries: "*", block: [4915] },
    /policy\.block\[0\] is a number to YAML, not a text \(put it in quotes\): write a number or the beginning/,
  ],
  [
    "no plus sign",
    { countries: "*", allow: ["0049151"] },
    /policy\.allow\[0\] cannot be used: write a number or the beginning of numbers: \+ and 1 to 15 digits/,
  ],
  [
    "both allowed and blocked",
    { countries: "*", allow: ["+49"], block: ["+1", "+49"] },
    /policy\.block\[1\] stands in policy\.allow too, which wins/,
  ],
  ["an unknown setting", { countries: "*", country: "DE" }, /policy\.country is unknown: .*did you mean countries\?/],
])("%s is refused", ([, policy, problem]) => {
  expect(problems({ channels: ["sms"], policy })).toEqual([expect.stringMatching(problem)]);
});

describe("captchas", () => {
  const captchas = { work: { kind: "proof_of_work" }, cloud: { kind: "turnstile", secret: "s" } };
  const of = (captcha: object | undefined, all: object = captchas) => problemsOf({ ...withApplication({ captcha }), captchas: all });

  test("are used by their names", () => {
    expect(of({ use: "work" })).toEqual([]);
    expect(of({ use: "cluod" })).toEqual(["applications[0].captcha.use names no captcha: write one of work, cloud; did you mean cloud?"]);
    expect(of({ use: "work" }, {})).toEqual(["applications[0].captcha.use names no captcha: describe one under captchas first"]);
  });

  test("have defaults", () => {
    const config = loadGood({ ...withApplication({ captcha: { use: "work" } }), captchas });
    expect(config.applications[0]?.captcha).toEqual({ use: "work", require: "browser", hostnames: [], onFailure: "closed" });
    expect(config.captchas).toEqual({
      work: { kind: "proof_of_work", difficulty: 5000, cost: 1000, expireSeconds: 600 },
      cloud: { kind: "turnstile", secret: "s", timeoutSeconds: 3 },
    });
  });

  test.for<[what: string, captcha: object, problem: RegExp]>([
    [
      "an unknown kind",
      { kind: "friendly" },
      /^captchas\.one\.kind .*write one of turnstile, hcaptcha, recaptcha_v2, recaptcha_v3, proof_of_work/,
    ],
    ["no secret", { kind: "hcaptcha" }, /^captchas\.one\.secret is missing: write the secret key of the site/],
    [
      "a score",
      { kind: "recaptcha_v3", secret: "s", minScore: 2 },
      /^captchas\.one\.minScore is 2: write the least score that passes, 0 to 1/,
    ],
    [
      "no work",
      { kind: "proof_of_work", difficulty: 1 },
      /^captchas\.one\.difficulty is 1: write the keys to try on average, a whole number from 10 /,
    ],
    [
      "a secret in clear",
      { kind: "turnstile", secret: "s", baseUrl: "http://example.com" },
      /^captchas\.one\.baseUrl cannot be used: write an https:\/\/ origin/,
    ],
    [
      "a long wait",
      { kind: "turnstile", secret: "s", timeoutSeconds: 14 },
      /^captchas\.one\.timeoutSeconds is 14: write seconds from 0\.5 to 5/,
    ],
  ])("%s is refused", ([, one, problem]) => {
    expect(of(undefined, { one })).toEqual([expect.stringMatching(problem)]);
  });
});

describe("lookups", () => {
  const twilio = { kind: "twilio", accountSid: `AC${"0".repeat(32)}`, authToken: "t" };
  const secrets = [`whsec_${Buffer.alloc(32, 1).toString("base64")}`];
  const of = (lookup: object | undefined, all: object = { tw: twilio }) => problemsOf({ ...withApplication({ lookup }), lookups: all });

  test("are used by their names, and for something", () => {
    expect(of({ use: "tw", simSwap: {} })).toEqual([]);
    expect(of({ use: "tx", lineType: true })).toEqual(["applications[0].lookup.use names no lookup: write one of tw; did you mean tw?"]);
    expect(of({ use: "tw", lineType: true }, {})).toEqual(["applications[0].lookup.use names no lookup: describe one under lookups first"]);
    expect(of({ use: "tw" })).toEqual([
      "applications[0].lookup asks for nothing: write simSwap, or set lineType or reachability to true, or leave it out",
    ]);
  });

  test("have defaults", () => {
    const config = loadGood({ ...withApplication({ lookup: { use: "tw", simSwap: {} } }), lookups: { tw: twilio } });
    expect(config.applications[0]?.lookup).toEqual({
      use: "tw",
      channels: new Set(["sms", "voice"]),
      simSwap: { recentMs: 72 * 3_600_000, action: "refuse" },
      lineType: false,
      reachability: false,
      onFailure: "closed",
    });
    expect(config.lookupCache).toEqual({ ttlMs: 600_000, maxEntries: 10_000 });
  });

  test.for<[what: string, lookup: object, problem: RegExp]>([
    [
      "two ways to say who asks",
      { ...twilio, apiKey: { sid: `SK${"0".repeat(32)}`, secret: "s" } },
      /^lookups\.one\.authToken cannot be used: write either/,
    ],
    [
      "a private address",
      { kind: "webhook", url: "https://10.0.0.1/", secrets },
      /^lookups\.one\.url .*write a public address, or name this host/,
    ],
    ["no key", { kind: "webhook", url: "https://numbers.example/" }, /^lookups\.one\.secrets is missing: write a list of 1 to 4 secrets/],
  ])("%s is refused", ([, one, problem]) => {
    expect(of(undefined, { one })).toEqual([expect.stringMatching(problem)]);
  });

  test("what is remembered has bounds", () => {
    expect(problemsOf({ ...withApplication({}), lookupCache: { seconds: 3601, entries: 0 } })).toEqual([
      "lookupCache.seconds is 3601: write the seconds an answer is believed, a whole number from 0 to 3600",
      "lookupCache.entries is 0: write the numbers that are remembered, a whole number from 1 to 1000000",
    ]);
  });
});
