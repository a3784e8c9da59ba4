import { randomBytes } from "node:crypto";
import { type Challenge, solveChallenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/pbkdf2";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Gateway, startGateway } from "../providers/gateway-server.ts";
import { startTwilioServer } from "../providers/twilio-server.ts";
import { mustSucceed } from "../rpc/cases.ts";
import { sendTo } from "./calls.ts";
import { type Key, newKey, sampleConfig } from "./production-config.ts";
import { connectTo, newSqlite, type Service, startService } from "./service.ts";

const origin = "https://app.example.com";
const secret = `whsec_${randomBytes(32).toString("base64")}`;

let twilio: Awaited<ReturnType<typeof startTwilioServer>>;
let numbers: Gateway;
let service: Service;
let server: Key;
let browser: Key;
let known: object = {};

beforeAll(async () => {
  [server, browser] = [newKey(), newKey()];
  twilio = await startTwilioServer();
  numbers = await startGateway({ answer: () => ({ status: 200, body: JSON.stringify(known) }) });
  const config = sampleConfig({ twilio: { baseUrl: twilio.baseUrl } }, [server]);
  const [shop] = config.applications;
  const keys = [
    { id: "server", hash: server.hash },
    { id: "page", hash: browser.hash, kind: "browser", origins: [origin, "https://other.example"] },
  ];
  const policy = { countries: ["DE", "US"], block: ["+4915199"] };
  const captcha = { use: "work", require: "browser", hostnames: ["app.example.com"] };
  const lookup = { use: "numbers", simSwap: { action: "tell" }, lineType: true };
  service = await startService({
    config: {
      ...config,
      applications: [{ ...shop, keys, policy, captcha, lookup }],
      cors: { origins: [origin] },
      captchas: { work: { kind: "proof_of_work", difficulty: 20, cost: 10 } },
      lookups: { numbers: { kind: "webhook", url: numbers.url, secrets: [secret], allowPrivateHosts: ["127.0.0.1"] } },
    },
    store: newSqlite().url,
    key: server.key,
  });
});
beforeEach(() => {
  known = { sim_swapped_at: null };
  numbers.state.behaviour = { kind: "api" };
  twilio.requests.length = 0;
});
afterAll(() => Promise.all([twilio.stop(), numbers.stop()]));

const aPhone = (): string => `+491511${String(randomBytes(4).readUInt32BE() % 10_000_000).padStart(7, "0")}`;

async function send(request: object, key = server, headers: Record<string, string> = {}) {
  const answer = await fetch(`http://${service.http}/countersign.v1.CodeService/SendCode`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key.key}`, ...headers },
    body: JSON.stringify({ purpose: "login", ...request }),
  });
  return { status: answer.status, body: (await answer.json()) as Answer };
}
type Answer = {
  readonly code?: string;
  readonly challenge?: Readonly<Record<string, unknown>>;
  readonly details?: readonly { readonly debug?: { readonly reason?: string; readonly metadata?: object } }[];
};

/** Reason and metadata of an error. */
const why = ({ body }: Awaited<ReturnType<typeof send>>): object => {
  const info = body.details?.find(({ debug }) => debug?.reason !== undefined)?.debug;
  return { code: body.code, reason: info?.reason, metadata: info?.metadata };
};

async function solved(action = "login", page = origin): Promise<string> {
  const answer = await fetch(`http://${service.http}/captcha/challenge?action=${action}`, { headers: { origin: page } });
  const challenge = (await answer.json()) as Challenge;
  const solution = await solveChallenge({ challenge, deriveKey });
  return Buffer.from(JSON.stringify({ challenge, solution })).toString("base64");
}

describe("a service is told why nothing is sent", () => {
  test.for<[number: string, cause: string]>([
    ["+436641234567", "country"],
    ["+881612345678", "country"],
    ["+19005551234", "number_type"],
    ["+493012345678", "number_type"],
    ["+4915199999999", "blocked"],
  ])("%s: %s", async ([number, cause]) => {
    const answer = await send({ recipient: { phoneNumber: number } });
    expect(why(answer)).toEqual({
      code: "permission_denied",
      reason: "RECIPIENT_NOT_ALLOWED",
      metadata: { cause },
    });
    expect(twilio.requests).toEqual([]);
  });

  test("what the carrier knows better", async () => {
    known = { sim_swapped_at: null, line_type: "voip" };
    expect(why(await send({ recipient: { phoneNumber: aPhone() } }))).toMatchObject({ metadata: { cause: "number_type" } });
  });
});

test("a service is told of a new SIM on every wire, and sends all the same", async () => {
  const swappedAt = new Date(Date.now() - 3_600_000).toISOString();
  known = { sim_swapped_at: swappedAt };
  for (const wire of service.wires) {
    const { challenge } = (await mustSucceed(wire, sendTo(aPhone(), { purpose: "login" }))) as Answer;
    expect(new Date(String(challenge?.simSwapTime)).toISOString()).toBe(swappedAt);
  }
  expect(twilio.requests).toHaveLength(service.wires.length);
});

test("while nobody can say whose SIM it is, nothing is sent, and the operator can see why", async () => {
  numbers.state.behaviour = { kind: "answer", status: 503, body: "" };
  const to = aPhone();
  expect(why(await send({ recipient: { phoneNumber: to } }))).toMatchObject({ code: "unavailable", reason: "DELIVERY_FAILED" });
  expect(twilio.requests).toEqual([]);
  const lines = () => service.log().filter(({ event }) => event === "check_unavailable");
  await expect.poll(lines).toMatchObject([{ level: "error", check: "lookup", application: "shop", name: "numbers", outcome: "closed" }]);
  numbers.state.behaviour = { kind: "api" };
  expect((await send({ recipient: { phoneNumber: to } })).status).toBe(200);
});

test("a number is asked about once for a while", async () => {
  const to = aPhone();
  numbers.requests.length = 0;
  await send({ recipient: { phoneNumber: to } });
  await send({ recipient: { phoneNumber: to } });
  expect(numbers.requests).toHaveLength(1);
});

describe("a browser", () => {
  const ask = (request: object = {}, headers = { origin }) => send({ recipient: { phoneNumber: aPhone() }, ...request }, browser, headers);

  test("works on the pages that its key is for, without a word of them elsewhere", async () => {
    const preflight = (page: string) =>
      fetch(`http://${service.http}/countersign.v1.CodeService/SendCode`, { method: "OPTIONS", headers: { origin: page } });
    const allowed = await Promise.all([origin, "https://other.example", "https://evil.example"].map(preflight));
    expect(allowed.map(({ headers }) => headers.get("access-control-allow-origin"))).toEqual([origin, "https://other.example", null]);
    const captchaToken = await solved();
    for (const headers of [{ origin: "https://evil.example" }, {}] as Record<string, string>[])
      expect(why(await send({ recipient: { phoneNumber: aPhone() }, captchaToken }, browser, headers))).toMatchObject({
        code: "permission_denied",
        reason: "CALLER_NOT_ALLOWED",
      });
    const { gRPC } = connectTo(service, browser.key);
    expect(await gRPC.send(sendTo(aPhone(), { purpose: "login" }))).toMatchObject({ reason: "CALLER_NOT_ALLOWED" });
    expect(twilio.requests).toEqual([]);
  });

  test("solves a captcha first, for every message another", async () => {
    expect(why(await ask())).toEqual({
      code: "failed_precondition",
      reason: "CAPTCHA_REQUIRED",
      metadata: { captcha: "proof_of_work" },
    });
    const captchaToken = await solved();
    expect((await ask({ captchaToken })).status).toBe(200);
    expect(twilio.requests).toHaveLength(1);
    expect(why(await ask({ captchaToken }))).toMatchObject({ reason: "CAPTCHA_REQUIRED" });
    expect(twilio.requests).toHaveLength(1);
  });

  test("solves it for the purpose and on the page that it asks from", async () => {
    expect(why(await ask({ captchaToken: await solved("payment") }))).toMatchObject({ reason: "CAPTCHA_REQUIRED" });
    expect(why(await ask({ captchaToken: await solved("login", "https://other.example") }))).toMatchObject({ reason: "CAPTCHA_REQUIRED" });
  });

  test("cannot tell a number that is sent nothing from any other", async () => {
    const shape = ({ status, body }: Awaited<ReturnType<typeof send>>) => [status, Object.keys(body.challenge ?? {}).sort()];
    const any = shape(await ask({ captchaToken: await solved() }));
    expect(any[0]).toBe(200);
    twilio.requests.length = 0;
    for (const phoneNumber of ["+436641234567", "+19005551234", "+4915199999999"]) {
      expect(shape(await ask({ recipient: { phoneNumber }, captchaToken: await solved() }))).toEqual(any);
      expect(why(await ask({ recipient: { phoneNumber } }))).toMatchObject({ reason: "CAPTCHA_REQUIRED" });
    }
    expect(twilio.requests).toEqual([]);
  });
});
