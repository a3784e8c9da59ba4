import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSend } from "../../adapters/twilio-verify/parameters.ts";
import { answerRefusal } from "../../adapters/twilio-verify/refusals.ts";
import { readSettings } from "../../adapters/twilio-verify/settings.ts";
import { createKey, hashKey } from "../../src/rpc/auth.ts";
import { newPhone } from "../process/calls.ts";
import { newFolder, startService } from "../process/service.ts";
import {
  accountSid,
  authToken,
  launchAdapter,
  refusalOf,
  secret,
  standardAccount,
  startAdapter,
  verifyService,
  writeAccounts,
} from "./adapter.ts";

describe("settings", () => {
  test.for<[string, () => Record<string, string>, RegExp]>([
    ["no accounts", () => ({}), /ADAPTER_ACCOUNTS: name the file/],
    ["no such file", () => ({ ADAPTER_ACCOUNTS: "/nonexistent.yaml" }), /ADAPTER_ACCOUNTS: there is no \/nonexistent\.yaml/],
    ["an empty list", () => ({ ADAPTER_ACCOUNTS: writeAccounts([]) }), /name at least one account/],
    [
      "a short token",
      () => ({ ADAPTER_ACCOUNTS: writeAccounts([{ ...standardAccount(), authToken: "hunter2" }]) }),
      /at least 32 characters/,
    ],
    ["one account twice", () => ({ ADAPTER_ACCOUNTS: writeAccounts([standardAccount(), standardAccount()]) }), /the same accountSid/],
    ["nobody can call", () => ({ ADAPTER_ACCOUNTS: writeAccounts([{ accountSid, services: {} }]) }), /needs an authToken or apiKeys/],
    ["a mistyped name", () => ({ ADAPTER_ACCOUNTS: writeAccounts([{ ...standardAccount(), autToken: "x" }]) }), /autToken/],
    ["no YAML", () => ({ ADAPTER_ACCOUNTS: writeText("a: [") }), /is no YAML/],
    [
      "a short secret",
      () => ({ ADAPTER_ACCOUNTS: writeAccounts(), ADAPTER_SECRET: "c2hvcnQ=" }),
      /ADAPTER_SECRET: write at least 32 random bytes/,
    ],
    [
      "a store that lasts, and no secret",
      () => ({ ADAPTER_ACCOUNTS: writeAccounts(), ADAPTER_STORE_URL: "sqlite:a.db" }),
      /ADAPTER_SECRET: is required/,
    ],
    [
      "another store",
      () => ({ ADAPTER_ACCOUNTS: writeAccounts(), ADAPTER_SECRET: secret, ADAPTER_STORE_URL: "redis://x" }),
      /ADAPTER_STORE_URL: write sqlite/,
    ],
    ["no address", () => ({ ADAPTER_ACCOUNTS: writeAccounts(), ADAPTER_ADDR: "8090" }), /ADAPTER_ADDR: write HOST:PORT/],
    [
      "a parameter that is never ignored",
      () => ({ ADAPTER_ACCOUNTS: writeAccounts(), ADAPTER_IGNORE: "CustomCode" }),
      /ADAPTER_IGNORE: write names/,
    ],
  ])("%s: says what to write", ([, env, message]) => {
    const read = readSettings(env());
    const problems = read.ok ? [] : read.problems;
    expect(problems).toEqual([expect.stringMatching(message)]);
    expect(problems.join()).not.toContain("hunter2");
  });

  test("with a problem the process does not start", async () => {
    const { exited, stderr } = launchAdapter({});
    expect(await exited).toBe(1);
    expect(stderr()).toMatch(/^the adapter cannot start: ADAPTER_ACCOUNTS: name the file/);
  });

  test("each Verify service has a key of its own; one that the service does not know is a fault of the adapter, not of the caller", async () => {
    const key = createKey(randomBytes);
    const keys = JSON.stringify([{ id: "adapter", hash: `sha256:${hashKey(key)}` }]);
    const service = await startService({ key, env: { COUNTERSIGN__applications__0__keys: keys } });
    const known = await startAdapter(service, { ADAPTER_ACCOUNTS: writeAccounts([standardAccount(key)]), ADAPTER_SECRET: secret });
    const stranger = await startAdapter(service, { ADAPTER_ACCOUNTS: writeAccounts([standardAccount(createKey(randomBytes))]) });
    expect((await verifyService(known).verifications.create({ to: newPhone(), channel: "sms" })).status).toBe("pending");
    const refused = await refusalOf(verifyService(stranger).verifications.create({ to: newPhone(), channel: "sms" }));
    expect(refused).toMatchObject({ status: 500, code: 20500 });
    await expect.poll(stranger.stdout).toContain('"cause":"UNAUTHENTICATED"');
    expect(known.stdout()).not.toContain(key);
    expect(stranger.stdout()).not.toContain(authToken);
  });
});

describe("parameters", () => {
  const base = { To: "+4915112345678", Channel: "sms" };
  const read = (more: Readonly<Record<string, string>>, ignore: readonly string[] = []) =>
    readSend(new URLSearchParams({ ...base, ...more }), { ip: "user_ip", device: "device" }, new Set(ignore));

  test("rate limits that are named tell the address and the device", () => {
    expect(read({ RateLimits: '{"user_ip":"192.0.2.1","device":"d1"}' })).toMatchObject({
      ok: true,
      value: { client: { ipAddress: "192.0.2.1", deviceId: "d1" } },
    });
    expect(read({ DeviceIp: "2001:db8::1", RateLimits: '{"user_ip":"192.0.2.1"}' })).toMatchObject({
      value: { client: { ipAddress: "2001:db8::1" } },
    });
    expect(read({ RateLimits: '{"user_ip":"here"}' })).toMatchObject({ ok: false, answer: { status: 400 } });
  });

  test("the friendly name and substitutions are variables of the wording", () => {
    expect(read({ CustomFriendlyName: "Shop", TemplateCustomSubstitutions: '{"order":7}' })).toMatchObject({
      value: { variables: { friendly_name: "Shop", order: "7" } },
    });
    expect(read({ CustomFriendlyName: "x".repeat(31) }).ok).toBe(false);
    expect(read({ TemplateCustomSubstitutions: "[]" }).ok).toBe(false);
  });

  test("what is not offered is refused unless the operator has it ignored; a code of the caller's always is", () => {
    expect(read({ TemplateSid: "HJ1" }).ok).toBe(false);
    expect(read({ TemplateSid: "HJ1" }, ["TemplateSid"]).ok).toBe(true);
    expect(read({ CustomCode: "123456" }, ["CustomCode"]).ok).toBe(false);
    expect(read({ Tags: '{"a":"b"}', RiskCheck: "disable", Unheard: "of" }).ok).toBe(true);
  });
});

describe("refusals in Twilio's words", () => {
  test.for<[string, Record<string, string>, number, number]>([
    ["RATE_LIMITED", { scope: "recipient" }, 429, 60203],
    ["RATE_LIMITED", { scope: "challenge" }, 429, 60203],
    ["RATE_LIMITED", { scope: "prefix" }, 429, 20429],
    ["TOO_MANY_ATTEMPTS", { scope: "recipient" }, 429, 60202],
    ["RECIPIENT_NOT_ALLOWED", { cause: "country" }, 403, 60605],
    ["RECIPIENT_NOT_ALLOWED", { cause: "number_type" }, 403, 60205],
    ["RECIPIENT_NOT_ALLOWED", { cause: "blocked" }, 403, 60410],
    ["CAPTCHA_REQUIRED", {}, 403, 60410],
    ["DELIVERY_FAILED", {}, 503, 20503],
    ["STORE_UNAVAILABLE", {}, 503, 20503],
    ["CALLER_NOT_ALLOWED", {}, 500, 20500],
    ["A_REASON_OF_TOMORROW", {}, 500, 20500],
  ])("%s %j", ([reason, metadata, status, code]) => {
    const answer = answerRefusal({ reason, message: "m", metadata, violations: [], retryAfterMs: 1_500 }, "/x");
    expect(answer).toMatchObject({ status, body: { status, code } });
    if (status === 429) expect(answer.headers).toEqual({ "retry-after": "2" });
  });
});

function writeText(text: string): string {
  const file = join(newFolder(), "accounts.yaml");
  writeFileSync(file, text);
  return file;
}
