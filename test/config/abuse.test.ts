import { describe, expect, it } from "vitest";
import { defaultSendLimits } from "../../src/config/default-send-limits.ts";
import { loadDevelopment, loadGood, problemsOf, production } from "./production.ts";

const row = (more: Record<string, unknown> = {}) => ({ key: "client", windowSeconds: 600, max: 20, ...more });
const withTable = (...sendLimits: unknown[]) => ({ ...production(), sendLimits });
const withOwnTable = (sendLimits: unknown[], more: Record<string, unknown> = {}) => {
  const document = production();
  Object.assign(document.applications[0] ?? {}, { sendLimits, ...more });
  return document;
};
const withProxies = (trustedProxies: unknown) => ({ ...production(), trustedProxies });

describe("the table of limits", () => {
  it("is the default one in production, and empty in development", () => {
    const [shop] = loadGood(production()).applications;
    expect(shop?.sendLimits).toHaveLength(defaultSendLimits.length);
    expect(shop?.sendLimits?.[0]).toEqual({ key: "client", callers: "any", windowMs: 600_000, max: 20, action: "refuse" });
    expect(loadDevelopment().applications[0]?.sendLimits).toEqual([]);
  });

  it("can be set in development", () => {
    const config = loadDevelopment({ COUNTERSIGN__sendLimits: "[{key: application, windowSeconds: 60, max: 3}]" });
    expect(config.applications[0]?.sendLimits).toEqual([
      { key: "application", callers: "any", windowMs: 60_000, max: 3, action: "refuse" },
    ]);
  });

  it("holds for every application but those with a table of their own", () => {
    expect(loadGood(withTable(row({ max: 7 }))).applications[0]?.sendLimits).toMatchObject([{ max: 7 }]);
    expect(loadGood({ ...withOwnTable([row({ max: 8 })]), sendLimits: [row()] }).applications[0]?.sendLimits).toMatchObject([{ max: 8 }]);
    expect(loadGood(withOwnTable([])).applications[0]?.sendLimits).toEqual([]);
  });

  it("counts money in millionths", () => {
    expect(loadGood(withTable(row({ key: "spend", max: 12.5 }))).applications[0]?.sendLimits).toMatchObject([
      { key: "spend", max: 12_500_000 },
    ]);
  });

  it("says what is wrong with a row", () => {
    const problems = problemsOf(
      withTable(
        row({ key: "ip" }),
        row({ windowSeconds: 0 }),
        row({ max: 0 }),
        row({ max: 1.5 }),
        row({ key: "spend", max: 0.0000001 }),
        row({ action: "block" }),
        { key: "client" },
        "client",
      ),
    );
    expect(problems).toMatchInlineSnapshot(`
      [
        "sendLimits[0].key cannot be used: write one of client, network, device, prefix, dial_code, dial_code_spend, application, spend",
        "sendLimits[1].windowSeconds is 0: write the seconds of a window, a whole number from 1 to 2678400",
        "sendLimits[2].max is 0: write the most that a window lets through, above 0 and up to 1000000000",
        "sendLimits[5].action cannot be used: write one of refuse, require_captcha, record",
        "sendLimits[6].windowSeconds is missing: write the seconds of a window, a whole number from 1 to 2678400",
        "sendLimits[6].max is missing: write the most that a window lets through, above 0 and up to 1000000000",
        "sendLimits[7] cannot be used: write a group of settings (name: value)",
        "sendLimits[3] limits the same key in the same window with the same action as one before: leave one of them out",
        "sendLimits[3].max is 1.5, and messages are whole: write a whole number",
        "sendLimits[4].max is less than a millionth: write more",
      ]
    `);
  });

  it("does not take the same limit twice", () => {
    expect(problemsOf(withTable(row(), row({ max: 5 })))).toMatchInlineSnapshot(`
      [
        "sendLimits[1] limits the same key in the same window with the same action as one before: leave one of them out",
      ]
    `);
    expect(problemsOf(withTable(row(), row({ callers: "browser" }), row({ action: "record" }), row({ windowSeconds: 60 })))).toEqual([]);
  });

  it("requires no captcha that nobody could solve", () => {
    const limits = [row({ action: "require_captcha" })];
    expect(problemsOf(withTable(...limits))).toMatchInlineSnapshot(`
      [
        "applications[0].captcha is missing, and a limit of sendLimits requires one: set it, or write refuse as the action of that limit",
      ]
    `);
    expect(problemsOf(withOwnTable(limits))).toMatchInlineSnapshot(`
      [
        "applications[0].sendLimits[0].action is require_captcha, and the application has none: set its captcha, or write refuse",
      ]
    `);
    const captchas = { work: { kind: "proof_of_work" } };
    expect(problemsOf({ ...withOwnTable(limits, { captcha: { use: "work" } }), captchas })).toEqual([]);
  });

  it("caps no spending on messages without a price", () => {
    const limits = [row({ key: "spend", max: 100 })];
    const document = withOwnTable(limits, { channels: ["email", "sms"], policy: { countries: ["DE"] } });
    Object.assign(document.providers, {
      own: { kind: "webhook", url: "https://a.example", channels: ["sms"], secrets: [`whsec_${Buffer.alloc(32, 1).toString("base64")}`] },
    });
    Object.assign(document.channels, { sms: ["own"] });
    expect(problemsOf(document)).toMatchInlineSnapshot(`
      [
        "applications[0].channels[1] is sms, whose messages have no price, so that the limit on spending would not stop them: write prices.sms.default",
      ]
    `);
    expect(problemsOf({ ...document, prices: { sms: { "+49": 0.07 } } })).toHaveLength(1);
    expect(problemsOf({ ...document, prices: { sms: { default: 0.1 } } })).toEqual([]);
  });
});

describe("trusted proxies", () => {
  it("are none by default", () => {
    expect(loadGood(production()).trustedProxies).toEqual({ networks: [], header: "x-forwarded-for" });
  });

  it("are networks or addresses, in one form", () => {
    const networks = ["10.0.0.0/8", "10.1.2.3/16", "192.0.2.7", "2001:DB8::1/32", "2001:db8::7", "::ffff:10.2.0.0/112"];
    expect(loadGood(withProxies({ networks, header: "forwarded" })).trustedProxies).toEqual({
      networks: ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.7/32", "2001:db8::/32", "2001:db8::7/128", "10.2.0.0/16"],
      header: "forwarded",
    });
  });

  it("are not everybody, nor what is no network", () => {
    const networks = [
      "0.0.0.0/0",
      "::/0",
      "10.0.0.0/7",
      "10.0.0.0/33",
      "proxy.example.com",
      "10.0.0/8",
      "fe80::1%eth0",
      "10.0.0.0/",
      "::ffff:0:0/96",
    ];
    expect(problemsOf(withProxies({ networks, header: "x-real-ip" }))).toMatchInlineSnapshot(`
      [
        "trustedProxies.networks[0] is so wide that strangers are in it, who could then write any address: write /8 or more",
        "trustedProxies.networks[1] is so wide that strangers are in it, who could then write any address: write /16 or more",
        "trustedProxies.networks[2] is so wide that strangers are in it, who could then write any address: write /8 or more",
        "trustedProxies.networks[3] is no network: write a network such as 10.0.0.0/8 or 2001:db8::/32, or one address",
        "trustedProxies.networks[4] is no network: write a network such as 10.0.0.0/8 or 2001:db8::/32, or one address",
        "trustedProxies.networks[5] is no network: write a network such as 10.0.0.0/8 or 2001:db8::/32, or one address",
        "trustedProxies.networks[6] is no network: write a network such as 10.0.0.0/8 or 2001:db8::/32, or one address",
        "trustedProxies.networks[7] is no network: write a network such as 10.0.0.0/8 or 2001:db8::/32, or one address",
        "trustedProxies.networks[8] is so wide that strangers are in it, who could then write any address: write /8 or more",
        "trustedProxies.header cannot be used: write one of x-forwarded-for, forwarded",
      ]
    `);
  });
});
