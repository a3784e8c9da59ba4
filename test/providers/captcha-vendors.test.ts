import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { CaptchaUse } from "../../src/otp/guard-ports.ts";
import {
  hcaptchaConfig,
  recaptchaV2Config,
  recaptchaV3Config,
  turnstileConfig,
  type VendorCaptchaConfig,
} from "../../src/providers/captcha-config.ts";
import { createCaptcha } from "../../src/providers/create-captcha.ts";
import { actionOf, type VendorCaptcha } from "../../src/providers/site-verify.ts";
import { patience } from "./messages.ts";
import { json, startVendorServer, type VendorAnswer, type VendorRequest } from "./vendor-server.ts";

const secret = "the-secret";
const token = "0.good-token_of-a.page";
const use: CaptchaUse = {
  origin: "https://app.example.com",
  hostnames: ["app.example.com"],
  action: "login.step-2",
  ipAddress: "203.0.113.7",
};

/** What each vendor answers to a good token, and where it is asked. */
const vendors = {
  turnstile: { path: "/turnstile/v0/siteverify", good: { action: "login_step_2", cdata: "" }, schema: turnstileConfig },
  hcaptcha: { path: "/siteverify", good: { credit: true }, schema: hcaptchaConfig },
  recaptcha_v2: { path: "/recaptcha/api/siteverify", good: {}, schema: recaptchaV2Config },
  recaptcha_v3: { path: "/recaptcha/api/siteverify", good: { score: 0.9, action: "login_step_2" }, schema: recaptchaV3Config },
} as const;
const kinds = Object.keys(vendors) as (keyof typeof vendors)[];

let server: Awaited<ReturnType<typeof startVendorServer>>;
let good: object = {};
const open: VendorCaptcha[] = [];

/** As all of them do: 200 for everything they understand, a token is good once. */
function answer({ method, headers, body }: VendorRequest): VendorAnswer {
  if (method !== "POST" || headers["content-type"] !== "application/x-www-form-urlencoded") return { status: 405, body: "" };
  const form = new URLSearchParams(body);
  const no = (...codes: string[]) => json(200, { success: false, "error-codes": codes });
  if (form.get("secret") !== secret) return no("invalid-input-secret");
  if (form.get("response") !== token) return no("invalid-input-response");
  return json(200, { success: true, challenge_ts: "2026-01-01T00:00:00Z", hostname: "app.example.com", "error-codes": [], ...good });
}

function captchaOf(kind: keyof typeof vendors, more: object = {}): VendorCaptcha {
  const config = vendors[kind].schema.parse({ kind, secret, baseUrl: server.baseUrl, timeoutSeconds: 0.5, ...more }) as VendorCaptchaConfig;
  const captcha = createCaptcha(config);
  open.push(captcha);
  return captcha;
}

beforeAll(async () => {
  server = await startVendorServer(answer);
});
beforeEach(() => {
  server.requests.length = 0;
  server.state.behaviour = { kind: "api" };
});
afterAll(async () => {
  for (const captcha of open) await captcha.close();
  await server.stop();
});

describe.each(kinds)("%s", (kind) => {
  beforeEach(() => {
    good = vendors[kind].good;
  });

  test("passes what the vendor says was solved here, and tells it who solved it", async () => {
    expect(await captchaOf(kind).check(token, use, patience())).toBe("passed");
    expect(server.requests[0]?.path).toBe(vendors[kind].path);
    expect(Object.fromEntries(new URLSearchParams(server.requests[0]?.body))).toEqual({
      secret,
      response: token,
      remoteip: "203.0.113.7",
    });
  });

  test("refuses what the vendor refuses", async () => {
    expect(await captchaOf(kind).check("another-token", use, patience())).toBe("refused");
  });

  test("refuses an answer of another page", async () => {
    expect(await captchaOf(kind).check(token, { ...use, hostnames: ["app.example.org"] }, patience())).toBe("refused");
    expect(await captchaOf(kind).check(token, { ...use, hostnames: [] }, patience())).toBe("passed");
    good = { ...vendors[kind].good, hostname: undefined };
    expect(await captchaOf(kind).check(token, use, patience())).toBe("refused");
  });

  test("does not ask about what cannot be an answer", async () => {
    for (const odd of ["", "two words", "línea", `${token}\r\n`, "x".repeat(4097)])
      expect(await captchaOf(kind).check(odd, use, patience())).toBe("refused");
    expect(server.requests).toEqual([]);
  });

  test("sends the token in the body only, and no address that it does not have", async () => {
    await captchaOf(kind).check(token, { ...use, ipAddress: "" }, patience());
    expect(server.requests[0]?.path).not.toContain(token);
    expect(new URLSearchParams(server.requests[0]?.body).has("remoteip")).toBe(false);
  });

  test.for<[what: string, codes: string[], verdict: string]>([
    ["used before", ["timeout-or-duplicate"], "refused"],
    ["malformed", ["bad-request"], "refused"],
    ["of another site", ["sitekey-secret-mismatch"], "refused"],
    ["unknown to us", ["something-new"], "refused"],
    ["for no reason", [], "refused"],
    ["our secret is wrong", ["invalid-input-secret"], "unavailable"],
    ["our secret is missing", ["missing-input-secret"], "unavailable"],
    ["the vendor's own fault", ["internal-error"], "unavailable"],
  ])("%s", async ([, codes, verdict]) => {
    server.state.behaviour = { kind: "answer", ...json(200, { success: false, "error-codes": codes }) };
    expect(await captchaOf(kind).check(token, use, patience())).toBe(verdict);
  });

  test.for<[what: string, answer: VendorAnswer]>([
    ["429", { status: 429, body: "slow down" }],
    ["500", json(500, { success: true, hostname: "app.example.com", action: "login_step_2", score: 1 })],
    ["HTML", { status: 200, body: "<html>" }],
    ["half of the JSON", { status: 200, body: '{"success": tr' }],
    ["a list", { status: 200, body: "[true]" }],
    ["a success that is no boolean", { status: 200, body: '{"success": "true", "hostname": "app.example.com"}' }],
    ["a redirect", { status: 302, body: "", headers: { location: "/elsewhere" } }],
  ])("an answer that is none: %s", async ([, answer]) => {
    server.state.behaviour = { kind: "answer", ...answer };
    expect(await captchaOf(kind).check(token, use, patience())).toBe("unavailable");
  });

  test.each(["hang", "reset", "reset_in_answer", "drip", "huge"] as const)("no answer: %s", async (behaviour) => {
    server.state.behaviour = { kind: behaviour };
    const started = performance.now();
    expect(await captchaOf(kind).check(token, use, patience())).toBe("unavailable");
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  test("nobody there", async () => {
    expect(await captchaOf(kind, { baseUrl: "http://127.0.0.1:1" }).check(token, use, patience())).toBe("unavailable");
  });

  test("whoever goes away does not wait", async () => {
    server.state.behaviour = { kind: "hang" };
    const started = performance.now();
    expect(await captchaOf(kind, { timeoutSeconds: 5 }).check(token, use, AbortSignal.timeout(100))).toBe("unavailable");
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});

describe.each(["turnstile", "recaptcha_v3"] as const)("the action of %s", (kind) => {
  test.for<[what: string, more: object]>([
    ["another purpose's", { action: "payment" }],
    ["missing", { action: undefined }],
    ["empty", { action: "" }],
  ])("%s is refused", async ([, more]) => {
    good = { ...vendors[kind].good, ...more };
    expect(await captchaOf(kind).check(token, use, patience())).toBe("refused");
  });
});

test.for<[purpose: string, action: string]>([
  ["login", "login"],
  ["login.step-2", "login_step_2"],
  ["a".repeat(64), "a".repeat(32)],
])("a purpose %s is the action %s", ([purpose, action]) => {
  expect(actionOf(purpose)).toBe(action);
});

test.for<[score: unknown, verdict: string]>([
  [1, "passed"],
  [0.5, "passed"],
  [0.49, "refused"],
  [0, "refused"],
  ["1", "refused"],
  [undefined, "refused"],
])("reCAPTCHA's score %s is %s", async ([score, verdict]) => {
  good = { ...vendors.recaptcha_v3.good, score };
  expect(await captchaOf("recaptcha_v3").check(token, use, patience())).toBe(verdict);
});

test("hCaptcha is told the site key that an answer must be of", async () => {
  good = {};
  await captchaOf("hcaptcha", { siteKey: "10000000-ffff-ffff-ffff-000000000001" }).check(token, use, patience());
  expect(new URLSearchParams(server.requests[0]?.body).get("sitekey")).toBe("10000000-ffff-ffff-ffff-000000000001");
});

test.for<[kind: keyof typeof vendors, url: string]>([
  ["turnstile", "https://challenges.cloudflare.com/turnstile/v0/siteverify"],
  ["hcaptcha", "https://api.hcaptcha.com/siteverify"],
  ["recaptcha_v2", "https://www.google.com/recaptcha/api/siteverify"],
])("%s is asked at %s", async ([kind, url]) => {
  const { buildRequest } = await import(`../../src/providers/captcha-${kind.replace("_v2", "")}.ts`);
  expect(buildRequest(token, use, { kind, secret }).url.href).toBe(url);
});
