import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { NumberFacts, NumberWants } from "../../src/otp/guard-ports.ts";
import { type ClosableLookup, createLookup } from "../../src/providers/create-lookup.ts";
import { lookupConfig } from "../../src/providers/lookup-config.ts";
import { createWebhookLookup } from "../../src/providers/lookup-webhook.ts";
import { type Behaviour, type Gateway, startGateway } from "./gateway-server.ts";
import { patience } from "./messages.ts";
import { makeCertificate } from "./smtp-server.ts";

const now = Date.parse("2026-03-01T12:00:00Z");
const number = "+4915112345678";
const all: NumberWants = { simSwap: true, lineType: true, reachability: true };
const only = (more: Partial<NumberWants>): NumberWants => ({ simSwap: false, lineType: false, reachability: false, ...more });

const accountSid = `AC${"1".repeat(32)}`;
const secret = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;
const certificate = makeCertificate();

/** What Twilio answers, as https://www.twilio.com/docs/lookup/v2-api shows it. */
const twilioAnswer = (more: object = {}) => ({
  calling_country_code: "49",
  country_code: "DE",
  phone_number: number,
  national_format: "01511 2345678",
  valid: true,
  validation_errors: [],
  sim_swap: {
    last_sim_swap: { last_sim_swap_date: "2026-03-01T10:00:00Z", swapped_period: "PT48H", swapped_in_period: true },
    carrier_name: "Telekom",
    mobile_country_code: "262",
    mobile_network_code: "01",
    error_code: null,
  },
  line_type_intelligence: { type: "mobile", carrier_name: "Telekom", error_code: null },
  line_status: { status: "reachable", error_code: null },
  ...more,
});

let server: Gateway;
let secured: Gateway;
let body: unknown = {};
const open: ClosableLookup[] = [];

beforeAll(async () => {
  const answer = () => ({ status: 200, body: typeof body === "string" ? body : JSON.stringify(body) });
  server = await startGateway({ answer });
  secured = await startGateway({ answer, tls: certificate });
});
beforeEach(() => {
  for (const each of [server, secured]) {
    each.requests.length = 0;
    each.state.behaviour = { kind: "api" };
  }
});
afterAll(async () => {
  for (const lookup of open) await lookup.close();
  await Promise.all([server.stop(), secured.stop()]);
});

function lookupOf(config: object): ClosableLookup {
  const lookup = createLookup(lookupConfig.parse({ timeoutSeconds: 0.5, ...config }), { now: () => now });
  open.push(lookup);
  return lookup;
}
const twilio = (more: object = {}) =>
  lookupOf({ kind: "twilio", accountSid, authToken: "the-token", baseUrl: `http://127.0.0.1:${server.port}`, ...more });
const webhook = (more: object = {}) =>
  lookupOf({ kind: "webhook", url: server.url, secrets: [secret], allowPrivateHosts: ["127.0.0.1"], ...more });

describe.each([
  ["twilio", twilio],
  ["webhook", webhook],
] as const)("%s says nothing", (_kind, create) => {
  test.for<[what: string, behaviour: Behaviour]>([
    ["401", { kind: "answer", status: 401, body: '{"code":20003,"message":"Authenticate"}' }],
    ["404", { kind: "answer", status: 404, body: "{}" }],
    ["429", { kind: "answer", status: 429, body: '{"code":20429}' }],
    ["500", { kind: "answer", status: 500, body: JSON.stringify({ ...twilioAnswer(), sim_swapped_at: null }) }],
    ["a redirect", { kind: "answer", status: 307, body: "", headers: { location: "/elsewhere" } }],
    ["nothing in 200", { kind: "answer", status: 200, body: "" }],
    ["HTML", { kind: "answer", status: 200, body: "<html>" }],
    ["half of the JSON", { kind: "answer", status: 200, body: '{"phone_number":"+4' }],
    ["a list", { kind: "answer", status: 200, body: "[]" }],
    ["JSON nested deep", { kind: "answer", status: 200, body: "[".repeat(60_000) }],
    ["a huge answer", { kind: "huge" }],
    ["no answer", { kind: "hang" }],
    ["an answer that drips", { kind: "drip" }],
    ["a reset", { kind: "reset" }],
    ["a reset within the answer", { kind: "reset_in_answer" }],
  ])("%s", async ([, behaviour]) => {
    server.state.behaviour = behaviour;
    const started = performance.now();
    expect(await create().lookup(number, all, patience())).toBe("unavailable");
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(server.requests).toHaveLength(1);
  });

  test("when it is not waited for", async () => {
    server.state.behaviour = { kind: "hang" };
    expect(await create({ timeoutSeconds: 5 }).lookup(number, all, AbortSignal.timeout(100))).toBe("unavailable");
  });
});

describe("Twilio", () => {
  test("is asked for what is wanted, by whoever is configured", async () => {
    body = twilioAnswer();
    await twilio().lookup(number, all, patience());
    await twilio({ authToken: undefined, apiKey: { sid: `SK${"2".repeat(32)}`, secret: "s" } }).lookup(
      number,
      only({ simSwap: true }),
      patience(),
    );
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /v2/PhoneNumbers/%2B4915112345678?Fields=sim_swap,line_type_intelligence,line_status",
      "GET /v2/PhoneNumbers/%2B4915112345678?Fields=sim_swap",
    ]);
    expect(server.requests.map(({ headers }) => Buffer.from(headers.authorization?.slice(6) ?? "", "base64").toString())).toEqual([
      `${accountSid}:the-token`,
      `SK${"2".repeat(32)}:s`,
    ]);
  });

  const swap = (last: object | null, error: number | null = null) => ({ sim_swap: { last_sim_swap: last, error_code: error } });
  const none = { line_type_intelligence: null, line_status: null };

  test.for<[what: string, answer: object, facts: NumberFacts | "unavailable"]>([
    ["all of it", {}, { simSwappedAt: now - 2 * 3_600_000, lineType: "mobile", reachable: true }],
    ["a fresh swap", { ...none, ...swap({ last_sim_swap_date: "2026-03-01T11:59:59Z" }) }, { simSwappedAt: now - 1000 }],
    ["an old swap", { ...none, ...swap({ last_sim_swap_date: "2020-04-27T10:18:50Z" }) }, { simSwappedAt: 1_587_982_730_000 }],
    [
      "a swap of a day that may not be told",
      { ...none, ...swap({ last_sim_swap_date: null, swapped_in_period: true }) },
      { simSwappedAt: now },
    ],
    ["no swap within the period", { ...none, ...swap({ last_sim_swap_date: null, swapped_in_period: false }) }, {}],
    ["a country without coverage", { ...none, ...swap(null, 60_600) }, "unavailable"],
    ["a carrier that did not tell", { ...none, ...swap({ last_sim_swap_date: null, swapped_in_period: null }, 60_620) }, "unavailable"],
    ["a package that nobody ordered", { ...none, sim_swap: null }, "unavailable"],
    ["a day that is none", { ...none, ...swap({ last_sim_swap_date: "yesterday" }) }, "unavailable"],
    [
      "a landline",
      { ...swap({ swapped_in_period: false }), line_status: null, line_type_intelligence: { type: "landline" } },
      { lineType: "fixed_line" },
    ],
    [
      "VoIP",
      { ...swap({ swapped_in_period: false }), line_status: null, line_type_intelligence: { type: "nonFixedVoip" } },
      { lineType: "voip" },
    ],
    ["a type that is new", { ...none, ...swap({ swapped_in_period: false }), line_type_intelligence: { type: "toString" } }, {}],
    [
      "a number of nobody",
      { ...swap({ swapped_in_period: false }), line_type_intelligence: null, line_status: { status: "inactive" } },
      { reachable: false },
    ],
    [
      "a phone that is off",
      { ...swap({ swapped_in_period: false }), line_type_intelligence: null, line_status: { status: "unreachable" } },
      { reachable: true },
    ],
    [
      "nothing of its state",
      { ...swap({ swapped_in_period: false }), line_type_intelligence: null, line_status: { status: "unknown" } },
      {},
    ],
    ["a number that cannot be", { valid: false, validation_errors: ["TOO_SHORT"], sim_swap: null }, { reachable: false }],
  ])("tells %s", async ([, answer, facts]) => {
    body = twilioAnswer(answer);
    expect(await twilio().lookup(number, all, patience())).toEqual(facts);
  });

  test("need not know of SIMs when nobody asked", async () => {
    body = twilioAnswer({ sim_swap: null, line_status: null });
    expect(await twilio().lookup(number, only({ lineType: true }), patience())).toEqual({ lineType: "mobile" });
  });

  test("is at its own address", async () => {
    const { buildRequest } = await import("../../src/providers/lookup-twilio.ts");
    const { url, method, body: sent } = buildRequest(number, all, { kind: "twilio", accountSid, authToken: "t", timeoutSeconds: 1 });
    expect([method, url.origin, sent]).toEqual(["GET", "https://lookups.twilio.com", ""]);
  });
});

describe("a webhook", () => {
  test("is asked with a signature that its receiver can check", async () => {
    body = { sim_swapped_at: null };
    const lookup = createWebhookLookup(
      lookupConfig.parse({ kind: "webhook", url: server.url, secrets: [secret], allowPrivateHosts: ["127.0.0.1"] }) as never,
      { now: Date.now },
    );
    open.push(lookup);
    await lookup.lookup(number, all, patience());
    const [request] = server.requests;
    expect(new Webhook(secret).verify(request?.body ?? "", request?.headers as Record<string, string>)).toEqual({
      type: "countersign.lookup",
      phone_number: number,
      wants: ["sim_swapped_at", "line_type", "reachable"],
    });
    expect(request?.path).toBe("/send");
  });

  test.for<[what: string, answer: object, facts: NumberFacts | "unavailable"]>([
    [
      "all of it",
      { sim_swapped_at: "2026-03-01T11:00:00Z", line_type: "mobile", reachable: true },
      { simSwappedAt: now - 3_600_000, lineType: "mobile", reachable: true },
    ],
    ["a moment of another zone", { sim_swapped_at: "2026-03-01T11:00:00.5+01:00" }, { simSwappedAt: now - 2 * 3_600_000 + 500 }],
    ["a SIM that was never changed", { sim_swapped_at: null }, {}],
    ["nothing of the SIM", { line_type: "mobile" }, "unavailable"],
    ["a moment without a zone", { sim_swapped_at: "2026-03-01T11:00:00" }, "unavailable"],
    ["a moment that is none", { sim_swapped_at: "2026-13-41T11:00:00Z" }, "unavailable"],
    ["a moment to come", { sim_swapped_at: "2026-03-01T13:00:00Z" }, "unavailable"],
    ["a moment that a slow clock has still to come", { sim_swapped_at: "2026-03-01T12:00:30Z" }, { simSwappedAt: now + 30_000 }],
    ["seconds since 1970", { sim_swapped_at: 1_700_000_000 }, "unavailable"],
    [
      "a landline that is out of reach",
      { sim_swapped_at: null, line_type: "fixed_line", reachable: false },
      { lineType: "fixed_line", reachable: false },
    ],
    ["words of its own", { sim_swapped_at: null, line_type: "landline", reachable: "yes" }, {}],
  ])("tells %s", async ([, answer, facts]) => {
    body = answer;
    expect(await webhook().lookup(number, all, patience())).toEqual(facts);
  });

  test("need not know of SIMs when nobody asked", async () => {
    body = { reachable: false };
    expect(await webhook().lookup(number, only({ reachability: true }), patience())).toEqual({ reachable: false });
    expect(JSON.parse(server.requests[0]?.body ?? "").wants).toEqual(["reachable"]);
  });

  test("is never looked for inside, whatever its name stands for by then", async () => {
    const config = lookupConfig.parse({
      kind: "webhook",
      url: `https://numbers.example:${secured.port}/`,
      secrets: [secret],
      timeoutSeconds: 0.5,
    });
    const lookup = createWebhookLookup(config as never, { now: () => now, lookup: (_host, _options, done) => done(null, "127.0.0.1", 4) });
    open.push(lookup);
    const before = secured.state.connections;
    expect(await lookup.lookup(number, all, patience())).toBe("unavailable");
    expect(secured.state.connections).toBe(before);
  });

  test("proves who it is", async () => {
    body = { sim_swapped_at: null };
    expect(await webhook({ url: secured.url, ca: certificate.cert }).lookup(number, all, patience())).toEqual({});
    expect(await webhook({ url: secured.url }).lookup(number, all, patience())).toBe("unavailable");
  });
});
