import net from "node:net";
import sdk from "twilio";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { ClosableProvider } from "../../src/providers/closable-provider.ts";
import { buildRequest, createTwilio } from "../../src/providers/twilio.ts";
import { type TwilioConfig, twilioConfig } from "../../src/providers/twilio-config.ts";
import { callMessage, patience, smsMessage } from "./messages.ts";
import { account, type Behaviour, startTwilioServer } from "./twilio-server.ts";

const from = "+15005550006";
let server: Awaited<ReturnType<typeof startTwilioServer>>;
const open: ClosableProvider[] = [];

const configOf = (more: object = {}): TwilioConfig =>
  twilioConfig.parse({ kind: "twilio", accountSid: account.sid, authToken: account.token, from, baseUrl: server.baseUrl, ...more });

async function provide(more: object = {}): Promise<ClosableProvider> {
  const provider = await createTwilio("primary", configOf(more));
  open.push(provider);
  return provider;
}

beforeAll(async () => {
  server = await startTwilioServer();
});
beforeEach(() => {
  server.requests.length = 0;
  server.state.behaviour = { kind: "api" };
});
afterAll(async () => {
  for (const provider of open) await provider.close();
  await server.stop();
});

describe("a text message", () => {
  test("reaches the account's messages with recipient, sender and text", async () => {
    const provider = await provide();
    expect(await provider.send(smsMessage, patience())).toEqual({ outcome: "accepted", reference: `SM${"a".repeat(32)}` });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.path).toBe(`/2010-04-01/Accounts/${account.sid}/Messages.json`);
    expect(server.requests[0]?.fields).toEqual({ To: smsMessage.to, From: from, Body: smsMessage.text });
  });

  test("goes out by the messaging service where there is one, line breaks, plus signs and ampersands included", async () => {
    const messagingServiceSid = `MG${"2".repeat(32)}`;
    const provider = await provide({ messagingServiceSid });
    const text = "1 & 2 = +3 % ü\nFA+9qCX9VSu\n@example.com #482913";
    expect(await provider.send({ ...smsMessage, text }, patience())).toMatchObject({ outcome: "accepted" });
    expect(server.requests[0]?.fields).toEqual({ To: smsMessage.to, MessagingServiceSid: messagingServiceSid, Body: text });
  });
});

describe("a call", () => {
  test("says each character by itself, twice, in the language of the message, from a script in the request's body", async () => {
    const provider = await provide();
    expect(await provider.send({ ...callMessage, locale: "de" }, patience())).toEqual({
      outcome: "accepted",
      reference: `CA${"b".repeat(32)}`,
    });
    const [request] = server.requests;
    expect(request?.path).toBe(`/2010-04-01/Accounts/${account.sid}/Calls.json`);
    expect(Object.keys(request?.fields ?? {}).toSorted()).toEqual(["From", "To", "Twiml"]);
    const script = request?.fields.Twiml ?? "";
    const spoken = [...script.matchAll(/<Say language="de-DE" voice="Google.de-DE-Standard-A">([^<]*)<\/Say>/g)].map(([, words]) => words);
    const round = ["Your Example &amp; Sons &lt;code&gt; is:", ..."482913", "Never share it."];
    expect(spoken).toEqual([...round, ...round]);
    expect(script.match(/<Say [^>]*>\d<\/Say><Pause length="1"\/>/g)).toHaveLength(12);
  });

  test("never has the code in a URL or a header", async () => {
    const provider = await provide();
    await provider.send(callMessage, patience());
    await provider.send(smsMessage, patience());
    for (const { path, headers } of server.requests) expect(path + JSON.stringify(headers)).not.toContain(smsMessage.code);
    expect(server.requests).toHaveLength(2);
  });
});

type Case = readonly [name: string, behaviour: Behaviour, expected: object];

const cases: readonly Case[] = [
  [
    "an invalid number",
    { kind: "refuse", status: 400, code: 21211 },
    { outcome: "permanent", failure: "recipient_refused", vendorCode: "21211" },
  ],
  ["an unreachable number", { kind: "refuse", status: 400, code: 21214 }, { outcome: "permanent", failure: "recipient_refused" }],
  ["an implausible number", { kind: "refuse", status: 400, code: 21217 }, { outcome: "permanent", failure: "recipient_refused" }],
  ["a landline", { kind: "refuse", status: 400, code: 21614 }, { outcome: "permanent", failure: "recipient_refused" }],
  ["an opt-out", { kind: "refuse", status: 400, code: 21610 }, { outcome: "permanent", failure: "recipient_opted_out" }],
  ["a sender that does not reach", { kind: "refuse", status: 400, code: 21612 }, { outcome: "permanent", failure: "sender_refused" }],
  ["a region not enabled", { kind: "refuse", status: 400, code: 21408 }, { outcome: "permanent", failure: "sender_refused" }],
  ["too long a text", { kind: "refuse", status: 400, code: 21617 }, { outcome: "permanent", failure: "content_refused" }],
  ["wrong credentials", { kind: "refuse", status: 401, code: 20003 }, { outcome: "permanent", failure: "credentials_refused" }],
  ["an account without funds", { kind: "refuse", status: 403, code: 20005 }, { outcome: "permanent", failure: "funds_exhausted" }],
  ["a full queue", { kind: "refuse", status: 429, code: 21611 }, { outcome: "retryable", failure: "throttled" }],
  ["too many requests", { kind: "refuse", status: 429, code: 20429 }, { outcome: "retryable", failure: "throttled" }],
  [
    "429 of a proxy",
    { kind: "answer", status: 429, body: "slow down" },
    { outcome: "retryable", failure: "throttled", vendorCode: "http_429" },
  ],
  [
    "a code nobody knows",
    { kind: "refuse", status: 400, code: 29999 },
    { outcome: "permanent", failure: "provider_error", vendorCode: "29999" },
  ],
  ["401 without a code", { kind: "refuse", status: 401 }, { outcome: "permanent", failure: "credentials_refused", vendorCode: "http_401" }],
  [
    "400 in HTML",
    { kind: "answer", status: 400, body: "<html>" },
    { outcome: "permanent", failure: "provider_error", vendorCode: "http_400" },
  ],
  ["a time-out of the server", { kind: "answer", status: 408, body: "" }, { outcome: "unknown", failure: "provider_error" }],
  [
    "an internal error",
    { kind: "refuse", status: 500, code: 20500 },
    { outcome: "unknown", failure: "provider_error", vendorCode: "20500" },
  ],
  ["503", { kind: "refuse", status: 503, code: 20503 }, { outcome: "unknown", failure: "provider_error" }],
  ["502 of a proxy", { kind: "answer", status: 502, body: "bad gateway" }, { outcome: "unknown", failure: "provider_error" }],
  [
    "a redirect",
    { kind: "answer", status: 307, body: "", headers: { location: "/elsewhere" } },
    { outcome: "unknown", failure: "provider_error" },
  ],
  ["nothing in 201", { kind: "answer", status: 201, body: "" }, { outcome: "unknown", failure: "provider_error" }],
  ["garbage in 200", { kind: "answer", status: 200, body: "<html>welcome</html>" }, { outcome: "unknown", failure: "provider_error" }],
  ["null in 201", { kind: "answer", status: 201, body: "null" }, { outcome: "unknown", failure: "provider_error" }],
  ["no SID in 201", { kind: "answer", status: 201, body: '{"status":"queued"}' }, { outcome: "unknown", failure: "provider_error" }],
  ["an odd SID in 201", { kind: "answer", status: 201, body: '{"sid":{"toString":1}}' }, { outcome: "unknown", failure: "provider_error" }],
  [
    "a message that failed at once",
    { kind: "answer", status: 201, body: '{"sid":"SM00000000000000000000000000000000","status":"failed","error_code":30007}' },
    { outcome: "permanent", failure: "content_refused", vendorCode: "30007" },
  ],
  ["an answer without end", { kind: "huge" }, { outcome: "unknown", failure: "provider_error" }],
  ["a reset after the request", { kind: "reset" }, { outcome: "unknown", failure: "unreachable" }],
  ["a reset within the answer", { kind: "reset_in_answer" }, { outcome: "unknown", failure: "unreachable" }],
  ["no answer", { kind: "hang" }, { outcome: "unknown", failure: "timeout" }],
  ["an answer that drips", { kind: "drip" }, { outcome: "unknown", failure: "timeout" }],
];

describe("one request, and what its answer means", () => {
  test.each(cases)("%s", async (_name, behaviour, expected) => {
    const provider = await provide({ timeoutSeconds: 1 });
    server.state.behaviour = behaviour;
    expect(await provider.send(smsMessage, patience())).toMatchObject(expected);
    expect(server.requests).toHaveLength(1);
  });

  test("wrong credentials are found out by the server itself", async () => {
    const provider = await provide({ authToken: "other" });
    expect(await provider.send(smsMessage, patience())).toMatchObject({
      outcome: "permanent",
      failure: "credentials_refused",
      vendorCode: "20003",
    });
  });
});

describe("what never left", () => {
  test("a connection refused", async () => {
    const provider = await provide({ baseUrl: `http://127.0.0.1:${await closedPort()}` });
    expect(await provider.send(smsMessage, patience())).toEqual({ outcome: "retryable", failure: "unreachable" });
  });

  test("a name that does not exist", async () => {
    const provider = await provide({ baseUrl: "https://api.invalid" });
    expect(await provider.send(smsMessage, patience())).toEqual({ outcome: "retryable", failure: "unreachable" });
  });

  test("a TLS handshake that fails", async () => {
    const provider = await provide({ baseUrl: server.baseUrl.replace("http:", "https:") });
    expect(await provider.send(smsMessage, patience())).toEqual({ outcome: "retryable", failure: "unreachable" });
    expect(server.requests).toHaveLength(0);
  });

  test("a TLS handshake that hangs", async () => {
    const silent = net.createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as net.AddressInfo;
    const provider = await provide({ baseUrl: `https://127.0.0.1:${port}`, timeoutSeconds: 1 });
    expect(await provider.send(smsMessage, patience())).toEqual({ outcome: "retryable", failure: "timeout" });
    silent.close();
  });

  test("a caller who was gone before", async () => {
    const provider = await provide();
    expect(await provider.send(smsMessage, AbortSignal.abort())).toEqual({ outcome: "retryable", failure: "timeout" });
    expect(server.requests).toHaveLength(0);
  });
});

test("the caller's deadline ends a request before the provider's own", async () => {
  const provider = await provide();
  server.state.behaviour = { kind: "hang" };
  const started = performance.now();
  expect(await provider.send(smsMessage, AbortSignal.timeout(200))).toMatchObject({ outcome: "unknown", failure: "timeout" });
  expect(performance.now() - started).toBeLessThan(2_000);
});

test("connections are kept, and a lost one is not taken for a request that never left", async () => {
  const provider = await provide();
  const before = server.state.connections;
  for (let round = 0; round < 5; round += 1) await provider.send(smsMessage, patience());
  expect(server.state.connections - before).toBe(1);
  server.state.behaviour = { kind: "reset" };
  expect(await provider.send(smsMessage, patience())).toMatchObject({ outcome: "unknown" });
});

describe("where a message goes", () => {
  const urlOf = async (more: object) => (await buildRequest(smsMessage, configOf({ baseUrl: undefined, ...more }), sdk)).url.href;
  const path = `/2010-04-01/Accounts/${account.sid}/Messages.json`;

  test("is the configuration's to say", async () => {
    expect(await urlOf({})).toBe(`https://api.twilio.com${path}`);
    expect(await urlOf({ region: "ie1", edge: "dublin" })).toBe(`https://api.dublin.ie1.twilio.com${path}`);
    expect(await urlOf({ baseUrl: "https://proxy.example" })).toBe(`https://proxy.example${path}`);
  });

  test("is not the environment's", async () => {
    const names = ["TWILIO_REGION", "TWILIO_EDGE", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"];
    for (const name of names) vi.stubEnv(name, "elsewhere");
    expect(await urlOf({})).toBe(`https://api.twilio.com${path}`);
    vi.unstubAllEnvs();
  });

  test("an API key signs in for the account", async () => {
    const apiKey = { sid: `SK${"3".repeat(32)}`, secret: "key-secret" };
    const { url, headers } = await buildRequest(smsMessage, configOf({ authToken: undefined, apiKey }), sdk);
    expect(url.pathname).toBe(path);
    expect(headers.authorization).toBe(`Basic ${Buffer.from(`${apiKey.sid}:key-secret`).toString("base64")}`);
  });
});

async function closedPort(): Promise<number> {
  const probe = net.createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as net.AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
