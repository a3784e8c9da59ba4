import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createCaptchaCheck } from "../../src/abuse/captcha.ts";
import { acceptOnce } from "../../src/abuse/captcha-once.ts";
import type { Captcha, CaptchaUse } from "../../src/otp/guard-ports.ts";
import type { CaptchaTerms } from "../../src/otp/number-policy.ts";
import { createMemoryRedemptions } from "../tokens/memory-redemptions.ts";
import { anAsk, patience } from "./policy-asks.ts";

const terms: CaptchaTerms = { use: "c", require: "always", hostnames: [], onFailure: "closed" };
const solved = { captchaToken: "solved" };

/** A vendor who passes "solved", is away for "away", and refuses everything else; like one whose secret is for tests, any number of times. */
function checkOf() {
  const seen: (CaptchaUse & { token: string })[] = [];
  const unavailable: object[] = [];
  const vendor: Captcha = {
    kind: "turnstile",
    async check(token, use) {
      seen.push({ token, ...use });
      if (token === "away") return "unavailable";
      return token === "solved" ? "passed" : "refused";
    },
  };
  const deps = {
    redemptions: createMemoryRedemptions({ now: 0 }),
    digest: (...parts: readonly string[]) => parts.join(),
    random: randomBytes,
    now: () => 0,
  };
  const captchas = new Map([["c", acceptOnce("c", vendor, deps)]]);
  const check = createCaptchaCheck({ captchas, onUnavailable: (event) => unavailable.push(event) });
  return { ...check, seen, unavailable };
}

type Ask = NonNullable<Parameters<typeof anAsk>[0]>;
const admit = (ask: Ask, more: Partial<CaptchaTerms> = {}, check = checkOf()) =>
  check.admit(anAsk({ of: { captcha: { ...terms, ...more } }, ...ask }), patience());

const required = {
  outcome: "refused",
  refusal: {
    reason: "CAPTCHA_REQUIRED",
    message: "solve a captcha for this purpose, and send its answer as captcha_token; an answer is good once",
    metadata: { captcha: "turnstile" },
  },
};
const admitted = { outcome: "admitted" };

describe("who is asked for one", () => {
  test.for<[require: CaptchaTerms["require"], kind: "service" | "browser", expected: object]>([
    ["always", "service", required],
    ["always", "browser", required],
    ["browser", "service", admitted],
    ["browser", "browser", required],
    ["limits", "service", admitted],
    ["limits", "browser", admitted],
  ])("%s: a %s", async ([require, kind, expected]) => {
    expect(await admit({ kind }, { require })).toEqual(expected);
    expect(await admit({ kind, ...solved }, { require })).toEqual(admitted);
  });

  test("nobody, of an application that has none", async () => {
    const check = checkOf();
    expect(await check.admit(anAsk({ kind: "browser", ...solved }), patience())).toEqual(admitted);
    expect(check.seen).toEqual([]);
  });

  test.each(["resend", "fallback"] as const)("nobody, of a %s, which has no field for it", async (occasion) => {
    expect(await admit({ occasion })).toEqual(admitted);
  });
});

test("whoever need not solve one does not spend one", async () => {
  const check = checkOf();
  expect(await admit(solved, { require: "limits" }, check)).toEqual(admitted);
  expect(check.seen).toEqual([]);
});

test("a wrong answer is as good as none", async () => {
  expect(await admit({ captchaToken: "guessed" })).toEqual(required);
});

describe("the vendor is told", () => {
  test("the purpose, and of whom and where as far as it is known", async () => {
    const check = checkOf();
    const client = { ipAddress: "203.0.113.7", deviceId: "d", userAgent: "u", origin: "https://app.example.com:8443" };
    await admit({ ...solved, purpose: "payment", client }, {}, check);
    expect(check.seen).toEqual([
      {
        token: "solved",
        origin: "https://app.example.com:8443",
        hostnames: ["app.example.com"],
        action: "payment",
        ipAddress: "203.0.113.7",
      },
    ]);
  });

  test("the application's hosts, where nobody says which page asks", async () => {
    const check = checkOf();
    await admit(solved, { hostnames: ["a.example", "b.example"] }, check);
    expect(check.seen).toMatchObject([{ origin: "", hostnames: ["a.example", "b.example"] }]);
  });

  test("nothing of a page that is none of the application's", async () => {
    const check = checkOf();
    const client = { ipAddress: "", deviceId: "", userAgent: "", origin: "https://c.example" };
    expect(await admit({ ...solved, client }, { hostnames: ["a.example"] }, check)).toEqual(required);
    expect(check.seen).toEqual([]);
  });
});

describe("an answer is good once", () => {
  test("for whomever it is sent", async () => {
    const check = checkOf();
    expect(await admit(solved, {}, check)).toEqual(admitted);
    expect(await admit({ ...solved, to: "+4915112345679" }, {}, check)).toEqual(required);
  });

  test("of twenty at once, one has it", async () => {
    const check = checkOf();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => admit(solved, {}, check)));
    expect(outcomes.filter(({ outcome }) => outcome === "admitted")).toHaveLength(1);
  });

  test("and a refused or unchecked one is not spent", async () => {
    const check = checkOf();
    expect(await admit({ captchaToken: "away" }, {}, check)).toEqual(required);
    expect(await admit({ captchaToken: "away" }, { onFailure: "open" }, check)).toEqual(admitted);
  });
});

describe("while the vendor is away", () => {
  test.for<[onFailure: "closed" | "open", expected: object]>([
    ["closed", required],
    ["open", admitted],
  ])("%s, and somebody is told", async ([onFailure, expected]) => {
    const check = checkOf();
    expect(await admit({ captchaToken: "away" }, { onFailure }, check)).toEqual(expected);
    expect(check.unavailable).toEqual([{ application: "shop", name: "c", outcome: onFailure }]);
  });

  test("open opens to nobody without an answer, nor with a wrong one", async () => {
    expect(await admit({ captchaToken: "" }, { onFailure: "open" })).toEqual(required);
    expect(await admit({ captchaToken: "guessed" }, { onFailure: "open" })).toEqual(required);
  });
});

describe("a limit that asks for one", () => {
  const asked = (more: Ask) => anAsk({ of: { captcha: { ...terms, require: "limits" } }, ...more });

  test("is told what there is", async () => {
    const { passCaptcha } = checkOf();
    expect(await passCaptcha(asked({}), patience())).toBe("none");
    expect(await passCaptcha(asked({ captchaToken: "guessed" }), patience())).toBe("refused");
    expect(await passCaptcha(asked(solved), patience())).toBe("passed");
    expect(await passCaptcha(asked({ ...solved, of: {} }), patience())).toBe("none");
  });

  test("asks about the same send as often as it likes, after this check or before", async () => {
    const check = checkOf();
    const ask = anAsk({ of: { captcha: terms }, ...solved });
    expect(await check.admit(ask, patience())).toEqual(admitted);
    expect(await check.passCaptcha(ask, patience())).toBe("passed");
    expect(await check.passCaptcha(ask, patience())).toBe("passed");
    expect(check.seen).toHaveLength(1);
    expect(await check.passCaptcha({ ...ask }, patience())).toBe("refused");
  });
});

test("a captcha that was never configured is our own mistake", async () => {
  await expect(admit(solved, { use: "x" })).rejects.toThrow("no captcha has the name x");
});
