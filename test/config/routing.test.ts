import { expect, test } from "vitest";
import { loadGood, problemsOf, production } from "./production.ts";

const twilio = (from: string) => ({ kind: "twilio", accountSid: `AC${"0".repeat(32)}`, authToken: "t", from });
const providers = { mail: production().providers.mail, a: twilio("+15005550006"), b: twilio("+15005550007"), shop: twilio("Shop") };
const prefixForm = 'write the beginning of numbers: + and 1 to 14 digits, in quotes, such as "+1415"';
const withSms = (sms: unknown) => ({ ...production(), providers, channels: { email: ["mail"], sms } });

test.for<[string, unknown, object]>([
  ["names in order of preference", ["a", "b"], [{ providers: [{ name: "a" }, { name: "b" }] }]],
  [
    "rules, with and without weights",
    [
      {
        to: { countries: ["DE", "AT"], prefixes: ["+1415"] },
        providers: [{ name: "a", weight: 3 }, { name: "b", weight: 1 }, "shop"],
      },
      { to: { prefixes: ["+44"] }, providers: ["b"] },
      { providers: ["a"] },
    ],
    [
      {
        to: { countries: ["DE", "AT"], prefixes: ["+1415"] },
        providers: [{ name: "a", weight: 3 }, { name: "b", weight: 1 }, { name: "shop" }],
      },
      { to: { countries: [], prefixes: ["+44"] }, providers: [{ name: "b" }] },
      { providers: [{ name: "a" }] },
    ],
  ],
  [
    "rules that do not hold everywhere",
    [{ to: { countries: ["DE"] }, providers: ["a"] }],
    [{ to: { countries: ["DE"], prefixes: [] }, providers: [{ name: "a" }] }],
  ],
])("%s", ([, sms, rules]) => {
  expect(loadGood(withSms(sms)).channels).toEqual({ email: [{ providers: [{ name: "mail" }] }], sms: rules });
});

test.for<[string, unknown, string[]]>([
  ["no provider", [], ["channels.sms is a list of 0: write a list of 1 to 100 names of providers, or rules with providers"]],
  ["a name by itself", "a", ["channels.sms cannot be used: write a list of 1 to 100 names of providers, or rules with providers"]],
  ["a number", [5], ["channels.sms[0] is 5: write the name of a provider, or a rule with providers"]],
  ["a provider that is not there", ["a", "c"], ["channels.sms[1] names no provider: write one of mail, a, b, shop; did you mean a?"]],
  [
    "one that is not there, in rules",
    [{ to: { countries: ["DE"] }, providers: [{ name: "aa", weight: 1 }, "x"] }, { providers: ["mail"] }],
    [
      "channels.sms[0].providers[0].name names no provider: write one of mail, a, b, shop; did you mean a?",
      "channels.sms[0].providers[1] names no provider: write one of mail, a, b, shop; did you mean a?",
      "channels.sms[1].providers[0] names a provider of kind smtp, which carries email: name one that carries sms",
    ],
  ],
  ["a name twice", ["a", "b", "a"], ["channels.sms[2] stands in the list before: leave it out"]],
  [
    "a name twice in a rule",
    [{ providers: [{ name: "a", weight: 1 }, "b", "a"] }],
    ["channels.sms[0].providers[2] stands in the list before: leave it out"],
  ],
  [
    "names among rules",
    [{ providers: ["a"] }, "b"],
    ["channels.sms[1] stands among entries of the other kind: write a list of names, or a list of rules"],
  ],
  [
    "a rule that hides the others",
    [{ providers: ["a"] }, { to: { countries: ["DE"] }, providers: ["b"] }],
    ["channels.sms[0] fits everywhere, so that no rule after it is reached: put it last, or say where it holds in `to`"],
  ],
  [
    "a country in two rules, and a prefix twice in one",
    [
      { to: { countries: ["DE", "AT"] }, providers: ["a"] },
      { to: { countries: ["CH", "DE"], prefixes: ["+1", "+1"] }, providers: ["b"] },
    ],
    [
      "channels.sms[1].to.countries[1] stands in this or an earlier rule already, which is the one that holds: leave it out",
      "channels.sms[1].to.prefixes[1] stands in this or an earlier rule already, which is the one that holds: leave it out",
    ],
  ],
  ["a rule for nowhere", [{ to: {}, providers: ["a"] }], ["channels.sms[0].to is a group of settings: write countries, prefixes or both"]],
  [
    "countries that are none",
    [{ to: { countries: ["UK", "EU", "de", "Germany"] }, providers: ["a"] }],
    [0, 1, 2, 3].map(
      (at) =>
        `channels.sms[0].to.countries[${at}] is no country that has phone numbers: write a country as two capital letters (ISO 3166-1), such as DE`,
    ),
  ],
  [
    "prefixes that are none",
    [{ to: { prefixes: ["49", "+0", "+49 151", 49] }, providers: ["a"] }],
    [
      ...[0, 1, 2].map((at) => `channels.sms[0].to.prefixes[${at}] cannot be used: ${prefixForm}`),
      `channels.sms[0].to.prefixes[3] is a number to YAML, not a text (put it in quotes): ${prefixForm}`,
    ],
  ],
  [
    "weights out of bounds",
    [
      {
        providers: [
          { name: "a", weight: 0 },
          { name: "b", weight: 1001 },
          { name: "shop", weight: 0.5 },
        ],
      },
    ],
    [
      "channels.sms[0].providers[0].weight is 0: write its share beside the other weights, a whole number from 1 to 1000",
      "channels.sms[0].providers[1].weight is 1001: write its share beside the other weights, a whole number from 1 to 1000",
      "channels.sms[0].providers[2].weight is 0.5: write its share beside the other weights, a whole number from 1 to 1000",
    ],
  ],
  [
    "a name without its weight",
    [{ providers: [{ name: "a" }] }],
    ["channels.sms[0].providers[0].weight is missing: write its share beside the other weights, a whole number from 1 to 1000"],
  ],
  [
    "a weight after a fallback",
    [{ providers: ["a", { name: "b", weight: 2 }] }],
    ["channels.sms[0].providers[1].name has a weight, but stands after one without: first those that share by weight, then the fallback"],
  ],
  [
    "settings nobody knows",
    [{ too: { countries: ["DE"] }, providers: ["a"] }],
    ["channels.sms[0].too is unknown: write one of to, providers; did you mean to?"],
  ],
  [
    "a rule without providers",
    [{ to: { countries: ["DE"] } }],
    ["channels.sms[0].providers is missing: write a list of 1 to 20 providers"],
  ],
])("%s is refused, with what to write", ([, sms, problems]) => {
  expect(problemsOf(withSms(sms))).toEqual(problems);
});

test("email addresses have no country", () => {
  const document = { ...production(), channels: { email: [{ to: { countries: ["DE"] }, providers: ["mail"] }] } };
  expect(problemsOf(document)).toEqual(["channels.email[0].to fits nobody, because email addresses have no country: leave it out"]);
});

test("limits and circuits arrive in the units of the code, within bounds", () => {
  const document = {
    ...production(),
    providers: { mail: { ...providers.mail, perSecond: 14 } },
    circuitBreaker: { failures: 10, openSeconds: 60 },
  };
  const config = loadGood(document);
  expect(config.providers.mail).toMatchObject({ perSecond: 14 });
  expect(config.circuitBreaker).toEqual({ failures: 10, openMs: 60_000 });
  expect(problemsOf({ ...document, providers: { mail: { ...providers.mail, perSecond: 0.5 } }, circuitBreaker: { failures: 0 } })).toEqual([
    "providers.mail.perSecond is 0.5: write how many messages the provider takes in one second, a whole number from 1 to 1000",
    "circuitBreaker.failures is 0: write the failures in a row that open a circuit, a whole number from 1 to 1000",
  ]);
});

test("the environment can name providers and change a weight", () => {
  const document = withSms([{ providers: [{ name: "a", weight: 1 }, "b"] }]);
  expect(loadGood(document, { COUNTERSIGN__channels__sms__0__providers__0__weight: "7" }).channels.sms).toEqual([
    { providers: [{ name: "a", weight: 7 }, { name: "b" }] },
  ]);
  expect(loadGood(document, { COUNTERSIGN__channels__sms: "[b, a]" }).channels.sms).toEqual([
    { providers: [{ name: "b" }, { name: "a" }] },
  ]);
});
