import { beforeAll, describe, expect, test } from "vitest";
import { inbox, newPhone } from "../process/calls.ts";
import { type Service, startService } from "../process/service.ts";
import {
  type Adapter,
  accountSid,
  apiKey,
  authorization,
  authToken,
  codeFor,
  refusalOf,
  serviceSid,
  startAdapter,
  verifyService,
} from "./adapter.ts";

let service: Service;
let adapter: Adapter;
let verify: ReturnType<typeof verifyService>;

beforeAll(async () => {
  service = await startService();
  adapter = await startAdapter(service);
  verify = verifyService(adapter);
});

describe("bad input", () => {
  test.for<[string, Record<string, unknown>, string]>([
    ["a number that does not exist", { to: "+4912" }, "To"],
    ["a national spelling", { to: "0151 12345678" }, "To"],
    ["no number", { to: "" }, "To"],
    ["an email by SMS", { to: "a@example.com" }, "Channel"],
    ["an unknown channel", { channel: "sna" }, "Channel"],
    ["a malformed locale", { locale: "!!" }, "Locale"],
    ["a code of the caller's", { customCode: "123456" }, "CustomCode"],
    ["a template", { templateSid: `HJ${"0".repeat(32)}` }, "TemplateSid"],
    ["an extension", { sendDigits: "1" }, "SendDigits"],
    ["a rate limit that nobody keeps", { rateLimits: { session: "1" } }, "RateLimits"],
    ["an address that is none", { deviceIp: "localhost" }, "DeviceIp"],
    ["an app hash that is not configured", { appHash: "abcdefghijk" }, "AppHash"],
    ["substitutions that are no JSON", { templateCustomSubstitutions: "{" }, "TemplateCustomSubstitutions"],
    ["an amount that is too long", { amount: "1".repeat(80), payee: "Shop" }, "Amount"],
  ])("%s is 60200 and names the parameter", async ([, more, parameter]) => {
    const refusal = await refusalOf(verify.verifications.create({ to: "+4915112345600", channel: "sms", ...more }));
    expect(refusal).toMatchObject({ status: 400, code: 60200, message: expect.stringContaining(`\`${parameter}\``) });
    expect(await inbox(service, "+4915112345600")).toEqual([]);
  });

  test.for(["", "12", "abcdefghijklm"])("a code that cannot be one (%j) costs no guess", async (code) => {
    const to = newPhone();
    await verify.verifications.create({ to, channel: "sms" });
    for (let times = 0; times < 6; times++) {
      expect(await refusalOf(verify.verificationChecks.create({ to, code }))).toMatchObject({ status: 400, code: 60200 });
    }
    expect((await verify.verificationChecks.create({ to, code: await codeFor(service, to) })).valid).toBe(true);
  });

  test.for([
    [accountSid, "wrong"],
    [apiKey.sid, authToken],
    [accountSid, `${authToken} `],
  ] as const)("credentials that are not known are 20003", async ([user, password]) => {
    const stranger = verifyService(adapter, { user, password });
    expect(await refusalOf(stranger.verifications.create({ to: newPhone(), channel: "sms" }))).toMatchObject({ status: 401, code: 20003 });
  });

  test("what is no form, is too large, is said twice, or has another method", async () => {
    const url = `${adapter.url}/v2/Services/${serviceSid}/Verifications`;
    const ask = async (init: RequestInit) => {
      const response = await fetch(url, { method: "POST", ...init, headers: { ...authorization, ...init.headers } });
      return [response.status, ((await response.json()) as { code: number }).code];
    };
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect(await ask({ body: "{}", headers: { "content-type": "application/json" } })).toEqual([415, 20422]);
    expect(await ask({ body: `To=${"1".repeat(20_000)}`, headers: form })).toEqual([413, 20422]);
    expect(await ask({ body: "To=a%40example.com&To=b%40example.com&Channel=email", headers: form })).toEqual([400, 60200]);
    expect(await ask({ method: "DELETE" })).toEqual([405, 20004]);
    expect((await fetch(url)).headers.get("www-authenticate")).toContain("Basic");
  });
});
