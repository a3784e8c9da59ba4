import { describe, expect, test } from "vitest";
import { loadGood, problemsOf, production } from "./production.ts";

const twilio = (more: object) => ({ kind: "twilio", accountSid: `AC${"0".repeat(32)}`, from: "+15551234567", ...more });
const withReceipts = (receipts: unknown, more: object = {}) => ({ ...production(), ...(receipts !== undefined && { receipts }), ...more });
const withProvider = (provider: object, receipts: object | null = { publicUrl: "https://otp.example.com" }) => {
  const document = withReceipts(receipts ?? undefined);
  return { ...document, providers: { ...document.providers, p: provider } };
};
/** Other settings have rules of their own, which are not what this is about. */
const problems = (document: object): string[] => problemsOf(document).filter((line) => /receipts/i.test(line));

test("without it none are asked for; with it they are missed after two minutes", () => {
  expect(loadGood(production()).receipts).toBeUndefined();
  expect(loadGood(withReceipts({ publicUrl: "https://otp.example.com/codes/", missingAfterSeconds: 10 })).receipts).toEqual({
    publicUrl: "https://otp.example.com/codes",
    missingAfterMs: 10_000,
  });
  expect(loadGood(withReceipts({ publicUrl: "http://127.0.0.1:8080" })).receipts?.missingAfterMs).toBe(120_000);
});

describe("publicUrl", () => {
  test.each([
    "http://otp.example.com",
    "https://otp.example.com?x=1",
    "https://otp.example.com/#x",
    "https://user@otp.example.com",
    "https://OTP.example.com",
    "https://otp.example.com:443",
    "https://otp.example.com/a b",
    "otp.example.com",
    `https://otp.example.com/${"a".repeat(200)}`,
  ])("%s is refused", (publicUrl) => {
    expect(problems(withReceipts({ publicUrl }))).toEqual([
      "receipts.publicUrl is no such address: write the https:// address under which vendors reach the HTTP listener, such as https://otp.example.com, without query; http:// for a loopback address only",
    ]);
  });
});

test.each([9, 3601, 1.5, "soon"])("missingAfterSeconds: %s is refused", (missingAfterSeconds) => {
  expect(problems(withReceipts({ publicUrl: "https://otp.example.com", missingAfterSeconds }))).toEqual([
    expect.stringMatching(/^receipts\.missingAfterSeconds .*write the seconds a receipt may take .*, a whole number from 10 to 3600$/),
  ]);
});

test("a provider's receipts need somewhere to go", () => {
  expect(problems(withProvider(twilio({ authToken: "t", receipts: {} }), null))).toEqual([
    "providers.p.receipts has nowhere to go: set receipts.publicUrl, or leave this out",
  ]);
});

test("Twilio's are signed by the auth token, which an API key does not replace", () => {
  const apiKey = { sid: `SK${"0".repeat(32)}`, secret: "s" };
  expect(problems(withProvider(twilio({ apiKey, receipts: {} })))).toEqual([
    "providers.p.receipts.authTokens is missing: write the auth tokens of the account, which sign its callbacks; apiKey does not",
  ]);
  expect(problems(withProvider(twilio({ apiKey, receipts: { authTokens: ["t"] } })))).toEqual([]);
  expect(problems(withProvider(twilio({ authToken: "t", receipts: {} })))).toEqual([]);
});

test.each([
  [{ kind: "bird", accessKey: "k", from: "+15551234567", receipts: { signingKeys: [] } }, "providers.p.receipts.signingKeys"],
  [{ kind: "bird", accessKey: "k", from: "+15551234567", receipts: { signingKeys: ["a", "b", "c"] } }, "providers.p.receipts.signingKeys"],
  [
    { kind: "sns", region: "eu-central-1", findCredentials: true, receipts: { topicArn: "arn:aws:sqs:x" } },
    "providers.p.receipts.topicArn",
  ],
  [{ kind: "smtp", host: "smtp.example.com", from: { address: "a@example.com" }, receipts: {} }, "providers.p.receipts"],
])("%j is told what to write", (provider, setting) => {
  expect(problems(withProvider(provider)).filter((line) => line.startsWith(`${setting} `))).toHaveLength(1);
});
