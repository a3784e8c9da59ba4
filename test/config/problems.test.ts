import { expect, test } from "vitest";
import { anApplication, loadGood, problemsOf, production } from "./production.ts";

type Document = ReturnType<typeof production>;

const changed = (change: (document: Document) => void): Document => {
  const document = production();
  change(document);
  return document;
};
const withApplication = (settings: Record<string, unknown>) =>
  changed(({ applications }) => Object.assign(applications[0] ?? {}, settings));

const namelessTwilio = { kind: "twilio", accountSid: `AC${"0".repeat(32)}`, authToken: "t", from: "Shop" };

test("all problems at once, each with its setting and what to write", () => {
  const document = {
    listen: { grpc: "localhost", htpp: "127.0.0.1:1" },
    store: { url: "mysql:x" },
    secrets: { ledgerKey: "short", codeKeys: [] },
    cors: { origins: ["https://a.example/path", "http://a.example", "https://b.example"] },
    log: { level: "verbose" },
    applications: [
      {
        id: "Shop",
        purposes: ["Log In"],
        channels: ["sms", "fax"],
        code: { length: 3, alphabet: "digit" },
        limits: { sends: { perDay: 0 } },
      },
    ],
    providers: { Mail: { kind: "smtp" }, p: { kind: "pigeon" }, mail: { kind: "smtp", host: "h", from: { address: "a b" } } },
    channels: { email: ["mail", "mail2"], telegram: ["x"] },
  };
  expect(problemsOf(document)).toMatchInlineSnapshot(`
    [
      "listen.grpc is not an address: write HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080; 0.0.0.0 is every IPv4 address, port 0 any free port",
      "listen.htpp is unknown: write one of grpc, http, admin, metrics, tls, allowPlaintext; did you mean http?",
      "store.url is not understood: write sqlite:PATH or mongodb://HOST[,HOST…]/DATABASE[?options]",
      "secrets.ledgerKey is only 3 bytes long: write at least 32 random bytes in Base64, as make-secret prints them",
      "secrets.codeKeys is a list of 0: write a list of 1 to 8 keys, the signing one first",
      "cors.origins[0] is not an origin that is allowed: write an origin without a path, such as https://app.example.com; http only for localhost",
      "cors.origins[1] is not an origin that is allowed: write an origin without a path, such as https://app.example.com; http only for localhost",
      "log.level cannot be used: write one of fatal, error, warn, info, debug, trace, silent",
      "applications[0].id cannot be used: write a name of 1 to 40 characters of a-z 0-9 -",
      "applications[0].displayName is missing: write the name that messages show, 1 to 30 characters in one line",
      "applications[0].purposes[0] cannot be used: write a purpose of 1 to 64 characters of a-z 0-9 _ . -",
      "applications[0].channels[1] cannot be used: write one of sms, voice, email, whatsapp, push",
      "applications[0].code.length is 3: write the characters of a code, a whole number from 4 to 10",
      "applications[0].code.alphabet cannot be used: write one of digits, alphanumeric; did you mean digits?",
      "applications[0].limits.sends.perDay is 0: write the messages per day, a whole number from 1 to 100",
      "providers.Mail has a name that cannot be used: write a name of 1 to 40 characters of a-z 0-9 -, a letter first",
      "providers.p.kind cannot be used: write one of twilio, vonage, bird, sns, smtp, webhook, http-sms",
      "providers.mail.from.address cannot be used: write the plain address that codes come from, such as no-reply@example.com",
      "channels.telegram is unknown: write one of sms, voice, email, whatsapp, push",
      "applications[0].policy.countries is missing, and the application uses sms: write the countries it may send to, such as [DE, AT], or "*" for every country",
      "applications[0].channels[0] is sms, which nobody carries: name a provider in channels.sms",
      "channels.email[1] names no provider: write one of Mail, p, mail; did you mean mail?",
    ]
  `);
});

test.for<[string, Document, RegExp]>([
  [
    "a number for a text",
    withApplication({ displayName: 5 }),
    /^applications\[0\]\.displayName is a number to YAML, not a text \(put it in quotes\): write the name/,
  ],
  [
    "a text for a number",
    withApplication({ code: { length: "six" } }),
    /^applications\[0\]\.code\.length cannot be used: write the characters of a code, a whole number from 4 to 10$/,
  ],
  [
    "a fraction",
    withApplication({ code: { lifetimeSeconds: 60.5 } }),
    /^applications\[0\]\.code\.lifetimeSeconds is 60\.5: write the seconds/,
  ],
  ["nothing where something is needed", withApplication({ id: null }), /^applications\[0\]\.id is empty: write a name of 1 to 40/],
  ["a line break in what messages show", withApplication({ displayName: "a\nb" }), /^applications\[0\]\.displayName cannot be used/],
  [
    "a country that is none",
    withApplication({ recipients: { defaultCountry: "XX" } }),
    /^applications\[0\]\.recipients\.defaultCountry is not a country/,
  ],
  ["a language that is none", withApplication({ defaultLocale: "e" }), /^applications\[0\]\.defaultLocale is not a language tag/],
  ["no purposes", withApplication({ purposes: [] }), /^applications\[0\]\.purposes is a list of 0: write a list of 1 to 50 purposes/],
  ["any purpose", withApplication({ purposes: ["*"] }), /^applications\[0\]\.purposes has \*, any purpose, which is for development only/],
  [
    "a default purpose that is none of them",
    withApplication({ defaultPurpose: "other" }),
    /^applications\[0\]\.defaultPurpose is not among the purposes: write one of login, payment$/,
  ],
  ["a purpose twice", withApplication({ purposes: ["a", "a"] }), /^applications\[0\]\.purposes\[1\] stands in the list before/],
  [
    "eleven guesses",
    withApplication({ limits: { guessesPerChallenge: 11 } }),
    /^applications\[0\]\.limits\.guessesPerChallenge is 11: write .* from 1 to 10$/,
  ],
  [
    "a row of failures above NIST's ceiling",
    withApplication({ limits: { failures: { inRow: 101 } } }),
    /^applications\[0\]\.limits\.failures\.inRow is 101/,
  ],
  [
    "a lifetime above NIST's ceiling",
    withApplication({ code: { lifetimeSeconds: 601 } }),
    /^applications\[0\]\.code\.lifetimeSeconds is 601/,
  ],
  [
    "a key instead of its hash",
    withApplication({ keys: [{ id: "k", hash: "cs_abc" }] }),
    /^applications\[0\]\.keys\[0\]\.hash cannot be used: write the hash that make-key prints/,
  ],
  [
    "nine keys",
    withApplication({ keys: Array.from({ length: 9 }, (_, i) => ({ id: `k${i}`, hash: `${i}`.repeat(64) })) }),
    /^applications\[0\]\.keys is a list of 9/,
  ],
  [
    "a channel that nobody carries",
    withApplication({ channels: ["email", "sms"] }),
    /^applications\[0\]\.channels\[1\] is sms, which nobody carries: name a provider in channels\.sms$/,
  ],
  [
    "a provider that is not there",
    changed((d) => Object.assign(d.channels, { email: ["male"] })),
    /^channels\.email\[0\] names no provider: write one of mail; did you mean mail\?/,
  ],
  [
    "a provider that carries something else",
    changed((d) => Object.assign(d.channels, { sms: ["mail"] })),
    /^channels\.sms\[0\] names a provider of kind smtp, which carries email: name one that carries sms$/,
  ],
  [
    "a name instead of a number for calls",
    changed((d) => Object.assign(d, { providers: { ...d.providers, t: namelessTwilio }, channels: { ...d.channels, voice: ["t"] } })),
    /^channels\.voice\[0\] names a provider of kind twilio that cannot carry voice as it is set up/,
  ],
  [
    "the inbox",
    changed((d) => Object.assign(d.providers, { box: { kind: "inbox" } })),
    /^providers\.box\.kind is inbox, .* for development only$/,
  ],
  [
    "an unknown kind of provider",
    changed((d) => Object.assign(d.providers, { box: { kind: "smpt" } })),
    /^providers\.box\.kind cannot be used: write one of twilio, .*smtp, webhook, http-sms$/,
  ],
  [
    "a provider without a kind",
    changed((d) => Object.assign(d.providers, { box: {} })),
    /^providers\.box\.kind is missing: write one of twilio, .*smtp, webhook, http-sms$/,
  ],
  ["a store in memory", changed((d) => Object.assign(d.store, { url: "sqlite::memory:" })), /^store\.url is in memory/],
  [
    "both listeners on one address",
    changed((d) => Object.assign(d, { listen: { grpc: "127.0.0.1:1", http: "127.0.0.1:1" } })),
    /^listen\.http is the address of listen\.grpc/,
  ],
])("%s is refused", ([, document, problem]) => {
  expect(problemsOf(document)).toEqual([expect.stringMatching(problem)]);
});

test("codes below 6 characters need a word of consent, and then at most 3 guesses", () => {
  const short = (code: object, limits: object) => problemsOf(withApplication({ code: { length: 4, ...code }, limits }));
  expect(short({}, { guessesPerChallenge: 3 })).toEqual([
    "applications[0].code.length is 4, which is easier to guess than NIST 800-63B allows: write 6 or more, or set code.allowShort to true",
  ]);
  expect(short({ allowShort: true }, {})).toEqual([
    "applications[0].limits.guessesPerChallenge is 5, too many for codes of 4 characters: write at most 3",
  ]);
  expect(short({ allowShort: true }, { guessesPerChallenge: 3 })).toEqual([]);
});

test("without any key only loopback may be listened on, and the error says why", () => {
  const keyless = (address: string) => ({ ...withApplication({ keys: [] }), listen: { grpc: address } });
  expect(problemsOf(keyless("127.0.0.1:1"))).toEqual([]);
  expect(problemsOf(keyless("0.0.0.0:1"))).toEqual([
    "listen.grpc is not a loopback address, and no application has a key, so anybody who reaches it could send and verify codes: write a loopback address, or add a key that make-key prints",
  ]);
  expect(problemsOf({ ...production(), listen: { grpc: "0.0.0.0:1", allowPlaintext: true } })).toEqual([]);
});

test("of several applications each has an id, keys, and no key of another", () => {
  const hash = "ab".repeat(32);
  const applications = [
    {
      ...anApplication("a"),
      keys: [
        { id: "k", hash },
        { id: "k", hash: "cd".repeat(32) },
      ],
    },
    { ...anApplication("a"), keys: [{ id: "k", hash: `sha256:${hash}` }] },
    { ...anApplication("c"), keys: [] },
  ];
  expect(problemsOf({ ...production(), applications })).toEqual([
    "applications[0].keys[1].id is the id of another key of this application: each needs its own",
    "applications[1].id is the id of another application: each needs its own",
    "applications[1].keys[0].hash is the hash of another key: each key belongs to one application; make another with make-key",
    "applications[2].keys has no key, so that nobody could call this application: add one that make-key prints",
  ]);
});

test("one mistyped number does not hide what is wrong elsewhere", () => {
  const document = withApplication({ code: { length: 99 }, defaultPurpose: "other" });
  Object.assign(document.channels, { email: ["none"] });
  expect(problemsOf(document).map((line) => line.split(" ")[0])).toEqual([
    "applications[0].code.length",
    "applications[0].defaultPurpose",
    "channels.email[0]",
  ]);
});

test.for(["x", [], [1], { applications: {} }, { applications: [null, 5] }, { secrets: [], providers: [], channels: 5, listen: null }])(
  "a document of a wrong form (%j) is refused, not crashed on",
  (document) => {
    expect(problemsOf(JSON.stringify(document)).length).toBeGreaterThan(0);
  },
);

test("good settings arrive in the units and types of the code", () => {
  const hash = "ab".repeat(32);
  const document = withApplication({
    defaultLocale: "de-ch",
    code: { length: 8, alphabet: "alphanumeric", lifetimeSeconds: 60, keepPrevious: true, hash: "scrypt" },
    recipients: { defaultCountry: "CH", ignorePlusTag: true },
    autofill: { androidAppHashes: ["FA+9qCX9VSu"], webOrigins: ["example.com"] },
    keys: [{ id: "web", hash: `sha256:${hash}`, kind: "browser", origins: ["https://app.example.com"] }],
  });
  const config = loadGood({ ...document, cors: { origins: ["https://app.example.com:8443", "http://localhost:3000"] } });
  expect(config.mode).toBe("production");
  expect(config.keys).toEqual([
    { hash, keyId: "web", applicationId: "shop", kind: "browser", rights: ["codes"], origins: ["https://app.example.com"] },
  ]);
  expect(config.cors.origins).toEqual(["https://app.example.com:8443", "http://localhost:3000"]);
  expect(config.channels).toEqual({ email: [{ providers: [{ name: "mail" }] }] });
  expect(config.applications[0]).toMatchObject({
    id: "shop",
    purposes: ["login", "payment"],
    defaultPurpose: "login",
    defaultLocale: "de-CH",
    code: { length: 8, alphabet: "alphanumeric", lifetimeMs: 60_000, keepPrevious: true, hash: "scrypt" },
    recipients: { defaultCountry: "CH", ignorePlusTag: true },
  });
});
