import { describe, expect, test } from "vitest";
import { carriedChannels, providerConfig } from "../../src/providers/create-provider.ts";

const key = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;
const webhook = { kind: "webhook", url: "https://gateway.example/send?tenant=1", channels: ["sms"], secrets: [key] };
const httpSms = { kind: "http-sms", url: "https://gateway.example:8443/send", json: { to: "{to}", text: "{text}" } };
const dlt = { entityId: "1101000000000000009", templates: [{ templateId: "1107000000000000001", text: "{#var#} is your code" }] };
const certificate = "-----BEGIN CERTIFICATE-----\n…";

/** Where it is wrong and what is said of it. */
function problemsOf(config: object): readonly string[] {
  const { error } = providerConfig.safeParse(config);
  return error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
}

test("defaults", () => {
  const shared = { headers: {}, success: { minStatus: 200, maxStatus: 299 }, allowPrivateHosts: [], timeoutSeconds: 8 };
  expect(providerConfig.parse(webhook)).toEqual({ ...webhook, ...shared, messageIdPath: "id" });
  expect(providerConfig.parse(httpSms)).toEqual({ ...httpSms, ...shared, method: "POST", query: {}, secrets: {}, errors: [] });
});

test("what they carry", () => {
  const carries = (config: object) => carriedChannels(providerConfig.parse(config));
  expect(carries(httpSms)).toEqual(["sms"]);
  expect(carries(webhook)).toEqual(["sms"]);
  expect(carries({ ...webhook, channels: ["push", "email"] })).toEqual(["push", "email"]);
});

test.each<[string, object]>([
  ["a private address that is allowed", { ...webhook, url: "https://10.0.0.1/", allowPrivateHosts: ["10.0.0.1"] }],
  ["a private address, unencrypted", { ...webhook, url: "http://[fd00::1]:8080/", allowPrivateHosts: ["FD00:0::1"] }],
  ["this machine", { ...webhook, url: "http://localhost:9000", allowPrivateHosts: ["localhost"] }],
  ["a certificate", { ...webhook, ca: certificate }],
  ["two keys", { ...webhook, secrets: [key, `whsec_${Buffer.alloc(24, 1).toString("base64")}`] }],
  ["headers", { ...webhook, headers: { Authorization: "Basic dTpw", "X-A": "1" } }],
  ["a form", { ...httpSms, json: undefined, form: { to: "{to_digits}", text: "{code}", "weird name[]": "" } }],
  ["a list for a body", { ...httpSms, json: [{ to: "{to}", body: ["{text}"], n: 1.5, on: true, off: null }] }],
  ["a number in the URL", { ...httpSms, json: { text: "{text}" }, query: { to: "{to}" } }],
  ["secrets", { ...httpSms, headers: { authorization: "Key {secrets.key}" }, secrets: { key: "k {not a placeholder}" } }],
  ["a sender from DLT", { ...httpSms, json: { to: "{to}", text: "{text}", from: "{sender}" }, dlt: { ...dlt, senderId: "EXMPLE" } }],
  [
    "a sender in each template",
    {
      ...httpSms,
      json: { to: "{to}", text: "{text}", from: "{sender}" },
      dlt: { ...dlt, templates: [{ ...dlt.templates[0], header: "EXMPLE" }] },
    },
  ],
  ["DLT's ids", { ...httpSms, json: { to: "{to}", text: "{text}", pe: "{entity_id}", t: "{template_id}" }, dlt }],
  ["an error by its status", { ...httpSms, errors: [{ status: 402, failure: "funds_exhausted" }] }],
])("takes %s", (_what, config) => {
  expect(problemsOf(config)).toEqual([]);
});

type Wrong = readonly (readonly [why: string, more: object, path: string])[];

const wrongEndpoint: Wrong = [
  ["no URL", { url: undefined }, "url"],
  ["no URL at all", { url: "gateway" }, "url"],
  ["another scheme", { url: "ftp://gateway.example/" }, "url"],
  ["credentials in the URL", { url: "https://u:s3cret@gateway.example/" }, "url"],
  ["a fragment", { url: "https://gateway.example/#s3cret" }, "url"],
  ["a line break in the URL", { url: "https://gateway.example/\r\nX: s3cret" }, "url"],
  ["too long a URL", { url: `https://gateway.example/${"a".repeat(2048)}` }, "url"],
  ["no encryption", { url: "http://gateway.example/" }, "url"],
  ["no encryption to a public address that is allowed", { url: "http://8.8.8.8/", allowPrivateHosts: ["8.8.8.8"] }, "url"],
  ["this machine", { url: "https://127.0.0.1/" }, "url"],
  ["this machine by name", { url: "https://localhost/" }, "url"],
  ["this machine, spelled in hexadecimal", { url: "https://0x7f.1/" }, "url"],
  ["this machine as a number", { url: "https://2130706433/" }, "url"],
  ["this machine in IPv6", { url: "https://[::1]/" }, "url"],
  ["this machine, IPv4 in IPv6", { url: "https://[::ffff:127.0.0.1]/" }, "url"],
  ["metadata", { url: "https://169.254.169.254/latest" }, "url"],
  ["a private address, with another allowed", { url: "https://10.0.0.1/", allowPrivateHosts: ["10.0.0.2"] }, "url"],
  ["a URL for a host", { allowPrivateHosts: ["https://gateway.example"] }, "allowPrivateHosts.0"],
  ["a port with a host", { allowPrivateHosts: ["gateway.example:8080"] }, "allowPrivateHosts.0"],
  ["a network for a host", { allowPrivateHosts: ["10.0.0.0/8"] }, "allowPrivateHosts.0"],
  ["a text for the list of hosts", { allowPrivateHosts: "gateway.example" }, "allowPrivateHosts"],
  ["a certificate that is none", { ca: "ca.pem" }, "ca"],
  ["a time longer than any call", { timeoutSeconds: 15 }, "timeoutSeconds"],
  ["a line break in a header", { headers: { "X-A": "s3cret\r\nX-B: 1" } }, "headers.X-A"],
  ["an empty header", { headers: { "X-A": "" } }, "headers.X-A"],
  ["a header of other letters", { headers: { "X-A": "ü" } }, "headers.X-A"],
  ["too long a header", { headers: { "X-A": "a".repeat(1025) } }, "headers.X-A"],
  ["a header twice", { headers: { "X-A": "1", "x-a": "2" } }, "headers"],
  ["too many headers", { headers: Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`X-${index}`, "1"])) }, "headers"],
  ["a status of success that is none", { success: { minStatus: 302 } }, "success.minStatus"],
  ["statuses in the wrong order", { success: { minStatus: 202, maxStatus: 201 } }, "success.maxStatus"],
  ["values at no path", { success: { equals: ["ok"] } }, "success.path"],
  ["an empty path", { success: { path: "" } }, "success.path"],
  ["a path in another language", { success: { path: "$..a" } }, "success.path"],
  ["no values", { success: { path: "a", equals: [] } }, "success.equals"],
  ["a value that is a group", { success: { path: "a", equals: [{}] } }, "success.equals.0"],
  ["an empty text to contain", { success: { contains: "" } }, "success.contains"],
  ["a path of spaces", { messageIdPath: "a b" }, "messageIdPath"],
  ...["Content-Type", "content-length", "Content-Encoding", "Webhook-Id", "WEBHOOK-SIGNATURE", "webhook-timestamp", "Host"]
    .concat(["Transfer-Encoding", "Connection", "Expect", "Upgrade", "Proxy-Authorization", "X A", "X\r\nY", "X:", ""])
    .map((name) => [`the header ${JSON.stringify(name)}`, { headers: { [name]: "1" } }, `headers.${name}`] as const),
];

const wrongWebhook: Wrong = [
  ["an unknown setting", { secret: key }, ""],
  ["no channels", { channels: [] }, "channels"],
  ["a channel twice", { channels: ["sms", "sms"] }, "channels"],
  ["a channel that nobody delivers", { channels: ["totp"] }, "channels.0"],
  ["no secrets", { secrets: [] }, "secrets"],
  ["too many secrets", { secrets: [key, key, key, key, key] }, "secrets"],
  ["a secret without its prefix", { secrets: ["s3cret".repeat(6)] }, "secrets.0"],
  ["a short secret", { secrets: [`whsec_${Buffer.alloc(23).toString("base64")}`] }, "secrets.0"],
];

const wrongHttpSms: Wrong = [
  ["GET", { method: "GET" }, "method"],
  ["a query in the URL", { url: "https://gateway.example/?key=s3cret" }, "url"],
  ["a placeholder in the URL", { url: "https://gateway.example/{to}" }, "url"],
  ["no body", { json: undefined }, "json"],
  ["two bodies", { form: { to: "{to}", text: "{text}" } }, "json"],
  ["a text for a body", { json: "{text}" }, "json"],
  ["a secret's place in the body", { json: { to: "{to}", text: "{text}", key: { env: "KEY" } } }, "json"],
  ["a secret's place in a header", { headers: { authorization: { env: "KEY" } } }, "headers.authorization"],
  ["a placeholder in a name", { json: { "{to}": "{to}", text: "{text}" } }, "json"],
  ["no number", { json: { text: "{text}" } }, "json"],
  ["no text", { json: { to: "{to}" } }, "json"],
  ["an unknown placeholder", { json: { to: "{to}", text: "{text}", a: ["{txt}"] } }, "json"],
  ["an unknown placeholder in a header", { headers: { "X-A": "{constructor}" } }, "headers.X-A"],
  ["an unknown secret", { headers: { "X-A": "{secrets.key}" } }, "headers.X-A"],
  ["a secret that is inherited", { headers: { "X-A": "{secrets.toString}" } }, "headers.X-A"],
  ["half a placeholder", { json: { to: "{to}", text: "{text}", a: "{to" } }, "json"],
  ["braces in braces", { json: { to: "{to}", text: "{text}", a: "{{to}}" } }, "json"],
  ["the code in the URL", { query: { otp: "{code}" } }, "query.otp"],
  ["the text in the URL", { query: { msg: "a {text}" } }, "query.msg"],
  ["a secret in the URL", { query: { key: "{secrets.key}" }, secrets: { key: "s3cret" } }, "query.key"],
  ["the code in a header", { headers: { "X-Otp": "{code}" } }, "headers.X-Otp"],
  ["the text in a header", { headers: { "X-Msg": "{text}" } }, "headers.X-Msg"],
  ["a sender from nowhere", { json: { to: "{to}", text: "{text}", from: "{sender}" } }, "json"],
  ["an entity from nowhere", { query: { pe: "{entity_id}" } }, "query.pe"],
  ["a template from nowhere", { query: { t: "{template_id}" } }, "query.t"],
  ["a sender with a line break", { sender: "A\r\nB" }, "sender"],
  ["a secret with a line break", { secrets: { key: "s3cret\r\nX-B: 1" } }, "secrets.key"],
  ["a secret's name with a dot", { secrets: { "a.b": "s3cret" } }, "secrets.a.b"],
  ["a number for a form field", { json: undefined, form: { to: "{to}", text: "{text}", n: 1 } }, "form.n"],
  ["two places of the message id", { messageIdPath: "id", messageIdAfter: "id:" }, "messageIdAfter"],
  ["an error of any answer", { errors: [{ failure: "throttled" }] }, "errors.0.status"],
  ["an error without a meaning", { errors: [{ status: 400 }] }, "errors.0.failure"],
  ["an error with a meaning of its own", { errors: [{ status: 400, failure: "bad" }] }, "errors.0.failure"],
  ["an error's values at no path", { errors: [{ status: 400, equals: [1], failure: "throttled" }] }, "errors.0.path"],
  ["an error as a regular expression", { errors: [{ matches: "(a+)+$", failure: "throttled" }] }, "errors.0"],
  ["DLT without {text}", { json: { to: "{to}", otp: "{code}" }, dlt }, "dlt"],
  ["DLT without an entity", { dlt: { ...dlt, entityId: undefined } }, "dlt.entityId"],
  ["an entity of letters", { dlt: { ...dlt, entityId: "EXAMPLE" } }, "dlt.entityId"],
  ["DLT without templates", { dlt: { ...dlt, templates: [] } }, "dlt.templates"],
  ...["{#url#} {#var#} x", "{#var#}", "{#var#} {#var#}", "", "a {#var"].map(
    (text) => [`the template ${text}`, { dlt: { ...dlt, templates: [{ ...dlt.templates[0], text }] } }, "dlt.templates.0.text"] as const,
  ),
  [
    "a template's id as a number",
    { dlt: { ...dlt, templates: [{ ...dlt.templates[0], templateId: 1107 }] } },
    "dlt.templates.0.templateId",
  ],
  ["a header with a space", { dlt: { ...dlt, senderId: "EX MPL" } }, "dlt.senderId"],
];

const all = [
  ...[...wrongEndpoint, ...wrongWebhook].map(([why, more, path]) => [`webhook: ${why}`, { ...webhook, ...more }, path] as const),
  ...[...wrongEndpoint, ...wrongHttpSms].map(([why, more, path]) => [`http-sms: ${why}`, { ...httpSms, ...more }, path] as const),
];

describe("refuses, with the setting and what to write,", () => {
  test.each(all)("%s", (_why, config, path) => {
    const problems = problemsOf(config);
    const problem = problems.find((each) => each.startsWith(`${path}: `));
    expect(problems.join("\n")).not.toMatch(/s3cret/);
    // What a name may be is told by configuration as a whole, which knows all of them.
    expect(problem).toMatch(/: (?:write |Invalid key in record|Unrecognized key)/);
  });

  test("an unknown placeholder by its name, and those there are", () => {
    const [problem] = problemsOf({ ...httpSms, json: { to: "{to}", text: "{text}", a: "{txt}" } });
    expect(problem).toMatch(/^json: write .*\{txt\}.*\{text\}/);
  });
});
