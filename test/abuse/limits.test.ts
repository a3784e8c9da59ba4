import { describe, expect, it, onTestFinished } from "vitest";
import { createLimitsCheck, type LimitReached, type LimitsDeps } from "../../src/abuse/limits.ts";
import { dialCodeOf } from "../../src/channels/phone-number.ts";
import type { SendAsk } from "../../src/otp/guard-ports.ts";
import { createKeyring } from "../../src/otp/keyring.ts";
import type { LimitTake } from "../../src/otp/limit-counter.ts";
import { StoreUnavailable } from "../../src/otp/refusal.ts";
import type { SendLimit } from "../../src/otp/send-limit.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { aLimit, anAsk } from "./asks.ts";

const signal = new AbortController().signal;
const { digest } = createKeyring({ ledgerKey: Buffer.alloc(32, 1), codeKeys: [{ id: "a", secret: Buffer.alloc(32, 2) }] }, (size) =>
  Buffer.alloc(size),
);

async function createLimits(limits: readonly SendLimit[], more: Partial<LimitsDeps> = {}) {
  const store = await openSqliteStore({ path: ":memory:" });
  onTestFinished(() => store.close());
  const reached: LimitReached[] = [];
  const asked: (readonly LimitTake[])[] = [];
  const takeLimits: typeof store.takeLimits = (takes) => {
    asked.push(takes);
    return store.takeLimits(takes);
  };
  const check = createLimitsCheck({
    store: { ...store, takeLimits },
    digest,
    dialCodeOf,
    onReached: (event) => void reached.push(event),
    ...more,
  });
  type Asking = Parameters<typeof anAsk>[0];
  const admit = (ask: Asking = {}) => check.admit(anAsk({ ...ask, application: { sendLimits: limits, ...ask.application } }), signal);
  return { admit, reached, asked };
}

const outcomes = async (some: readonly Promise<{ readonly outcome: string }>[]) => (await Promise.all(some)).map(({ outcome }) => outcome);

describe("the limits of a table", () => {
  it("let everything pass where the table has no row", async () => {
    const { admit, asked } = await createLimits([]);
    expect(await admit()).toEqual({ outcome: "admitted" });
    expect(asked).toEqual([]);
  });

  it.each([
    ["client", { ip: "198.51.100.7" }, { ip: "::ffff:198.51.100.7" }, { ip: "198.51.100.8" }],
    ["client", { ip: "2001:db8::1" }, { ip: "2001:db8::ffff" }, { ip: "2001:db8:0:1::1" }],
    ["network", { ip: "198.51.100.7" }, { ip: "198.51.100.8" }, { ip: "198.51.101.7" }],
    ["network", { ip: "2001:db8::1" }, { ip: "2001:db8:0:1::1" }, { ip: "2001:db8:1::1" }],
    ["device", { device: "a" }, { device: "a", ip: "198.51.100.7" }, { device: "b" }],
    ["prefix", { to: "+4915112345678" }, { to: "+4915112340000" }, { to: "+4915112355678" }],
    ["dial_code", { to: "+4915112345678" }, { to: "+493012345678" }, { to: "+436641234567" }],
    ["application", {}, { to: "jane@example.com" }, { application: { id: "other" } }],
  ] as const)("count by %s", async (key, first, same, other) => {
    const { admit } = await createLimits([aLimit({ key })]);
    expect(await outcomes([admit(first)])).toEqual(["admitted"]);
    expect(await admit(same)).toEqual({
      outcome: "refused",
      refusal: {
        reason: "RATE_LIMITED",
        message: expect.stringMatching(/^too many messages /),
        metadata: { scope: key },
        retryAfterMs: expect.any(Number),
      },
    });
    expect(await outcomes([admit(other)])).toEqual(["admitted"]);
  });

  it("say truly when to come again", async () => {
    const { admit } = await createLimits([aLimit({ key: "application", windowMs: 500 })]);
    await admit();
    const refused = await admit();
    if (refused.outcome !== "refused") throw new Error("not refused");
    const { retryAfterMs = Number.NaN } = refused.refusal;
    await new Promise((resolve) => setTimeout(resolve, retryAfterMs + 2));
    expect(await outcomes([admit()])).toEqual(["admitted"]);
  });

  it("name the longest wait of all limits that are full", async () => {
    const { admit } = await createLimits([aLimit({ key: "device" }), aLimit({ key: "application", windowMs: 3_600_000 })]);
    await admit({ device: "a" });
    expect(await admit({ device: "a" })).toMatchObject({ refusal: { metadata: { scope: "application" } } });
  });

  it("take nothing from the others when one refuses, and give back what a message that is not sent took", async () => {
    const { admit } = await createLimits([aLimit({ key: "device", max: 2 }), aLimit({ key: "prefix", max: 1 })]);
    expect(await outcomes([admit({ device: "a" })])).toEqual(["admitted"]);
    for (let i = 0; i < 5; i++) expect(await admit({ device: "a" })).toMatchObject({ refusal: { metadata: { scope: "prefix" } } });
    const second = await admit({ device: "a", to: "+4915112355678" });
    expect(await admit({ device: "a", to: "+4915112365678" })).toMatchObject({ refusal: { metadata: { scope: "device" } } });
    if (second.outcome === "admitted") for (let i = 0; i < 3; i++) await second.release?.();
    expect(await outcomes([admit({ device: "a", to: "+4915112365678" })])).toEqual(["admitted"]);
    expect(await outcomes([admit({ device: "a", to: "+4915112375678" })])).toEqual(["refused"]);
  });

  it("take all counters at once, one for the windows of a key", async () => {
    const { admit, asked } = await createLimits([
      aLimit({ key: "client" }),
      aLimit({ key: "client", windowMs: 3_600_000 }),
      aLimit({ key: "network" }),
      aLimit({ key: "prefix" }),
    ]);
    await admit({ ip: "198.51.100.7" });
    expect(asked.map((takes) => takes.map(({ windows }) => windows.length))).toEqual([[2, 1, 1]]);
  });

  it("take their counters in one order, whatever the table's, so that no two calls wait for each other", async () => {
    const rows = (["application", "prefix", "device"] as const).map((key) => aLimit({ key, max: 9 }));
    const { admit, asked } = await createLimits(rows);
    await admit({ device: "a" });
    await admit({ device: "a", application: { sendLimits: rows.toReversed() } });
    const [first, second] = asked.map((takes) => takes.map(({ id }) => id));
    expect(first).toHaveLength(3);
    expect(second).toEqual(first);
  });

  it("leave a service alone that states no address, and number keys alone for email", async () => {
    const { admit, asked } = await createLimits([
      aLimit({}),
      aLimit({ key: "network" }),
      aLimit({ key: "prefix" }),
      aLimit({ key: "dial_code" }),
    ]);
    expect(await outcomes([admit({ to: "jane@example.com" }), admit({ to: "jane@example.com" })])).toEqual(["admitted", "admitted"]);
    expect(asked).toEqual([]);
  });

  it.each(["", "unknown", "_hidden", "198.51.100.999"])("put all browsers whose address is %j into one bucket", async (ip) => {
    const { admit } = await createLimits([aLimit({ max: 2 })]);
    expect(await outcomes([admit({ kind: "browser", ip: "" }), admit({ kind: "browser", ip, application: {} })])).toEqual([
      "admitted",
      "admitted",
    ]);
    expect(await admit({ kind: "browser", ip })).toMatchObject({ refusal: { metadata: { scope: "client" } } });
    expect(await outcomes([admit({ kind: "browser", ip: "198.51.100.7" })])).toEqual(["admitted"]);
  });

  it("hold rows for browsers against browsers only", async () => {
    const { admit } = await createLimits([aLimit({ callers: "browser" }), aLimit({ callers: "any", max: 3 })]);
    const from = { ip: "198.51.100.7" };
    expect(await outcomes([admit({ ...from, kind: "browser" })])).toEqual(["admitted"]);
    expect(await outcomes([admit({ ...from, kind: "browser" })])).toEqual(["refused"]);
    expect(await outcomes([admit(from), admit(from)])).toEqual(["admitted", "admitted"]);
    expect(await outcomes([admit(from)])).toEqual(["refused"]);
  });

  it("let pass what they only record, and tell of it without saying whose it is", async () => {
    const { admit, reached } = await createLimits([aLimit({ action: "record" }), aLimit({ max: 3 })]);
    const from = { ip: "198.51.100.7" };
    for (let i = 0; i < 3; i++) expect(await outcomes([admit(from)])).toEqual(["admitted"]);
    expect(await outcomes([admit(from)])).toEqual(["refused"]);
    const event = { application: "shop", key: "client", windowMs: 600_000 };
    expect(reached).toEqual([
      { ...event, action: "record", refused: false },
      { ...event, action: "record", refused: false },
      { ...event, action: "refuse", refused: true },
    ]);
  });

  it("hold nothing in the store from which client, device or number can be told", async () => {
    const keys = ["client", "network", "device", "prefix", "dial_code", "application"] as const;
    const { admit, asked } = await createLimits(keys.map((key) => aLimit({ key })));
    await admit({ ip: "198.51.100.7", device: "device-1" });
    const ids = asked.flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(keys.length);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{24}$/);
  });

  it("refuse nobody and admit nobody while the store is away", async () => {
    const takeLimits = () => Promise.reject(new StoreUnavailable(new Error("away")));
    const { admit } = await createLimits([aLimit({ key: "application" })], { store: { takeLimits, giveBackLimits: async () => {} } });
    await expect(admit()).rejects.toBeInstanceOf(StoreUnavailable);
  });
});

describe("money", () => {
  const price = 50_000;

  it("is counted by the price of the message, and stops before the cap is passed", async () => {
    const { admit } = await createLimits([aLimit({ key: "spend", max: 3 * price })], {
      priceOf: ({ channel }) => (channel === "voice" ? 2 * price : price),
    });
    expect(await outcomes([admit({ channel: "voice" })])).toEqual(["admitted"]);
    expect(await admit({ channel: "voice" })).toMatchObject({
      refusal: { reason: "RATE_LIMITED", metadata: { scope: "spend" }, retryAfterMs: expect.any(Number) },
    });
    expect(await outcomes([admit()])).toEqual(["admitted"]);
    expect(await outcomes([admit()])).toEqual(["refused"]);
  });

  it("is counted by country calling code too", async () => {
    const { admit } = await createLimits([aLimit({ key: "dial_code_spend", max: price })], { priceOf: () => price });
    expect(await outcomes([admit(), admit({ to: "+436641234567" })])).toEqual(["admitted", "admitted"]);
    expect(await admit()).toMatchObject({ refusal: { metadata: { scope: "spend" } } });
  });

  it("that is more than the cap is refused without a time", async () => {
    const { admit } = await createLimits([aLimit({ key: "spend", max: price - 1 })], { priceOf: () => price });
    const refused = await admit();
    expect(refused).toMatchObject({ outcome: "refused" });
    expect(refused.outcome === "refused" && "retryAfterMs" in refused.refusal).toBe(false);
  });

  it.each([undefined, 0])("is not counted where the price is %s", async (cost) => {
    const { admit, asked } = await createLimits([aLimit({ key: "spend", max: 1 })], { priceOf: () => cost });
    expect(await outcomes([admit(), admit()])).toEqual(["admitted", "admitted"]);
    expect(asked).toEqual([]);
  });
});

describe("a limit that requires a captcha", () => {
  const limits = [aLimit({ key: "device", action: "require_captcha" }), aLimit({ key: "application", max: 3 })];
  const required = { reason: "CAPTCHA_REQUIRED", message: "solve it" } as const;
  const solving = (result: "none" | "passed" | "refused") => {
    const asks: SendAsk[] = [];
    const passCaptcha = async (ask: SendAsk) => {
      asks.push(ask);
      return result;
    };
    return { asks, deps: { passCaptcha, requireCaptcha: () => required } };
  };

  it("asks for one when it is full, and not before", async () => {
    const { asks, deps } = solving("none");
    const { admit, reached } = await createLimits(limits, deps);
    await admit({ device: "a" });
    expect(asks).toEqual([]);
    expect(await admit({ device: "a" })).toEqual({ outcome: "refused", refusal: required });
    expect(asks).toHaveLength(1);
    expect(reached).toMatchObject([{ key: "device", action: "require_captcha", refused: true }]);
  });

  it("lets pass who has solved one, whom the other limits still hold", async () => {
    const { asks, deps } = solving("passed");
    const { admit } = await createLimits(limits, deps);
    expect(await outcomes([admit({ device: "a" })])).toEqual(["admitted"]);
    expect([await admit({ device: "a" }), await admit({ device: "a" })]).toMatchObject([{ outcome: "admitted" }, { outcome: "admitted" }]);
    expect(asks).toHaveLength(2);
    expect(await admit({ device: "a" })).toMatchObject({ refusal: { reason: "RATE_LIMITED", metadata: { scope: "application" } } });
    expect(asks).toHaveLength(2);
  });

  it.each(["resend", "fallback"] as const)("lets a %s pass, which has no field for an answer, and counts it", async (occasion) => {
    const { asks, deps } = solving("none");
    const { admit } = await createLimits(limits, deps);
    expect(await outcomes([admit({ device: "a", occasion })])).toEqual(["admitted"]);
    expect(await outcomes([admit({ device: "a", occasion })])).toEqual(["admitted"]);
    expect(asks).toEqual([]);
    expect(await admit({ device: "a" })).toMatchObject({ refusal: required });
  });

  it("refuses whose answer is wrong", async () => {
    const { admit } = await createLimits(limits, solving("refused").deps);
    await admit({ device: "a" });
    expect(await admit({ device: "a" })).toMatchObject({ refusal: required });
  });
});

describe("what a browser sees of limits", () => {
  const table = [aLimit({ key: "prefix", max: 1 }), aLimit({ key: "client", max: 3 })];
  const ask = { to: "+4915112345678", ip: "198.51.100.7" };

  it("is its own: a prefix that others have asked for looks like any other, and is sent nothing", async () => {
    const { admit } = await createLimits(table);
    expect(await outcomes([admit({ ...ask, ip: "192.0.2.1" })])).toEqual(["admitted"]);
    expect(await admit(ask)).toMatchObject({ outcome: "refused", refusal: { metadata: { scope: "prefix" } } });
    for (let send = 0; send < 3; send++)
      expect(await admit({ ...ask, kind: "browser" })).toMatchObject({ outcome: "suppressed", why: "limit prefix" });
    expect(await admit({ ...ask, kind: "browser" })).toMatchObject({ outcome: "refused", refusal: { metadata: { scope: "client" } } });
  });

  it("gives back what a suppressed message took that turns out to be none", async () => {
    const { admit } = await createLimits(table);
    await admit({ ...ask, ip: "192.0.2.1" });
    for (let send = 0; send < 5; send++) {
      const admission = await admit({ ...ask, kind: "browser" });
      if (admission.outcome !== "suppressed") throw new Error(admission.outcome);
      await admission.release?.();
    }
  });

  it("asks for a captcha where its own limit does, also where a limit that only records is reached", async () => {
    const own = aLimit({ max: 1, action: "require_captcha" });
    const { admit } = await createLimits([aLimit({ key: "application", max: 1, action: "record" }), aLimit({ key: "prefix" }), own], {
      passCaptcha: async ({ captchaToken }) => (captchaToken === "" ? "none" : "passed"),
    });
    await admit({ ...ask, kind: "browser" });
    expect(await admit({ ...ask, kind: "browser" })).toMatchObject({ outcome: "refused", refusal: { reason: "CAPTCHA_REQUIRED" } });
    expect(await admit({ ...ask, kind: "browser", captchaToken: "solved" })).toMatchObject({ outcome: "suppressed" });
    expect(await admit({ ...ask, kind: "browser", to: "jane@example.com", captchaToken: "solved" })).toMatchObject({ outcome: "admitted" });
  });
});
