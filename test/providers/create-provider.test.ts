import { describe, expect, test } from "vitest";
import { carriedChannels, createProvider, providerConfig, providerKinds } from "../../src/providers/create-provider.ts";

const twilio = { kind: "twilio", accountSid: `AC${"0".repeat(32)}`, authToken: "secret-token", from: "+15005550006" };
const smtp = { kind: "smtp", host: "mail.example", from: { address: "no-reply@example.org" } };

/** Where it is wrong and what is said of it; the values must not be repeated. */
function problemsOf(config: object): readonly string[] {
  const { error } = providerConfig.safeParse(config);
  return error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
}

test("defaults", () => {
  expect(providerConfig.parse(twilio)).toEqual({ ...twilio, timeoutSeconds: 8 });
  expect(providerConfig.parse(smtp)).toEqual({ ...smtp, tls: "starttls", maxConnections: 5, connectTimeoutSeconds: 5, timeoutSeconds: 10 });
});

test("what each kind carries, and what it does not carry as it is configured", () => {
  expect(providerKinds).toMatchObject({ smtp: { carries: ["email"] }, "http-sms": { carries: ["sms"] } });
  expect(providerKinds.webhook.carries).toEqual(["sms", "voice", "email", "push", "whatsapp"]);
  const carries = (config: object) => carriedChannels(providerConfig.parse(config));
  expect(carries(twilio)).toEqual(["sms", "voice"]);
  expect(carries({ ...twilio, from: "Example" })).toEqual(["sms"]);
  expect(carries({ ...twilio, from: undefined, messagingServiceSid: `MG${"1".repeat(32)}` })).toEqual(["sms"]);
  expect(carries(smtp)).toEqual(["email"]);
});

test("a provider is called what its operator calls it", async () => {
  for (const config of [twilio, smtp]) {
    const provider = await createProvider("mine", providerConfig.parse(config), { now: () => 0 });
    expect(provider.name).toBe("mine");
    await provider.close();
  }
});

const wrong: readonly (readonly [why: string, config: object, path: string])[] = [
  ["an unknown kind", { kind: "pigeon" }, "kind"],
  ["an unknown setting", { ...twilio, fro: "+15005550006" }, ""],
  ["an unknown setting of smtp", { ...smtp, secure: true }, ""],
  ["no account", { ...twilio, accountSid: undefined }, "accountSid"],
  ["an API key's SID for the account", { ...twilio, accountSid: `SK${"0".repeat(32)}` }, "accountSid"],
  ["no credentials", { ...twilio, authToken: undefined }, "authToken"],
  ["two credentials", { ...twilio, apiKey: { sid: `SK${"0".repeat(32)}`, secret: "x" } }, "authToken"],
  ["a line break in a secret", { ...twilio, authToken: "secret-token\n" }, "authToken"],
  ["no sender", { ...twilio, from: undefined }, "from"],
  ["a national number as sender", { ...twilio, from: "0151 12345678" }, "from"],
  ["too long a sender name", { ...twilio, from: "Example Bank Ltd" }, "from"],
  ["credentials over the open net", { ...twilio, baseUrl: "http://api.example" }, "baseUrl"],
  ["a path in the base URL", { ...twilio, baseUrl: "https://api.example/v1" }, "baseUrl"],
  ["credentials in the base URL", { ...twilio, baseUrl: "https://a:b@api.example" }, "baseUrl"],
  ["a region that is a host", { ...twilio, region: "evil.example/" }, "region"],
  ["a time longer than any call", { ...twilio, timeoutSeconds: 15 }, "timeoutSeconds"],
  ["no host", { ...smtp, host: "" }, "host"],
  ["a port out of range", { ...smtp, port: 0 }, "port"],
  ["TLS by another name", { ...smtp, tls: "yes" }, "tls"],
  ["no TLS to another machine", { ...smtp, tls: "none" }, "tls"],
  ["a certificate that is none", { ...smtp, ca: "ca.pem" }, "ca"],
  ["a sender with a name in it", { ...smtp, from: { address: "Codes <no-reply@example.org>" } }, "from.address"],
  ["a sender without a domain", { ...smtp, from: { address: "no-reply" } }, "from.address"],
  ["a line break in the sender's name", { ...smtp, from: { ...smtp.from, name: "a\r\nBcc: eve@example.org" } }, "from.name"],
  ["half of the credentials", { ...smtp, auth: { user: "codes" } }, "auth.password"],
];

describe("refuses, with the setting and what to write,", () => {
  test.each(wrong)("%s", (_why, config, path) => {
    const problems = problemsOf(config);
    expect(problems.some((problem) => problem.startsWith(`${path}:`))).toBe(true);
    expect(problems.join()).not.toContain("secret-token");
  });

  test("every text with a sentence that starts with what to do", () => {
    for (const [, config, path] of wrong.filter(([, , path]) => path !== "" && path !== "kind"))
      expect(problemsOf(config).find((problem) => problem.startsWith(`${path}:`))).toMatch(/: write /);
  });
});

test("takes an API key, a region and a server of this machine", () => {
  const { authToken: _, ...rest } = twilio;
  expect(problemsOf({ ...rest, apiKey: { sid: `SK${"0".repeat(32)}`, secret: "x" }, region: "ie1", edge: "dublin" })).toEqual([]);
  expect(problemsOf({ ...twilio, baseUrl: "http://127.0.0.1:9999" })).toEqual([]);
  expect(problemsOf({ ...smtp, host: "127.0.0.1", tls: "none", port: 2525 })).toEqual([]);
});
