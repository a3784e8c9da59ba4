import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Message } from "../../src/otp/ports.ts";
import type { ClosableProvider } from "../../src/providers/closable-provider.ts";
import { createWebhook, type WebhookDeps } from "../../src/providers/webhook.ts";
import { webhookConfig } from "../../src/providers/webhook-config.ts";
import { gatewayCases } from "./gateway-cases.ts";
import { type Answer, closedPort, type Gateway, type GatewayRequest, startGateway, startSilence } from "./gateway-server.ts";
import { callMessage, mailMessage, patience, smsMessage } from "./messages.ts";
import { makeCertificate } from "./smtp-server.ts";

const secret = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;
const newer = `whsec_${Buffer.alloc(32, 4).toString("base64")}`;
const certificate = makeCertificate();

let gateway: Gateway;
let secured: Gateway;
const open: ClosableProvider[] = [];

function provide(more: object = {}, deps: WebhookDeps = { now: Date.now }): ClosableProvider {
  const base = {
    kind: "webhook",
    url: gateway.url,
    channels: ["sms"],
    secrets: [secret],
    allowPrivateHosts: ["127.0.0.1"],
    timeoutSeconds: 1,
  };
  const provider = createWebhook("own", webhookConfig.parse({ ...base, ...more }), deps);
  open.push(provider);
  return provider;
}

/** What a careful receiver does. */
function receive({ method, headers, body }: GatewayRequest): Answer {
  if (method !== "POST" || !headers["content-type"]?.startsWith("application/json")) return { status: 415, body: "" };
  try {
    const message = new Webhook(secret).verify(body, headers as Record<string, string>) as Record<string, unknown>;
    if (!/^(?:\+[1-9]\d{6,14}|[^@\s]+@[^@\s]+)$/.test(String(message.to)))
      return { status: 422, body: '{"failure":"recipient_refused","retryable":false}' };
    return { status: 202, body: JSON.stringify({ id: `m-${message.delivery_id}`, status: "queued" }) };
  } catch {
    return { status: 401, body: "" };
  }
}

beforeAll(async () => {
  gateway = await startGateway({ answer: receive });
  secured = await startGateway({ answer: receive, tls: certificate });
});
beforeEach(() => {
  for (const each of [gateway, secured]) {
    each.requests.length = 0;
    each.state.behaviour = { kind: "api" };
  }
});
afterAll(async () => {
  for (const provider of open) await provider.close();
  await gateway.stop();
  await secured.stop();
});

describe("a message", () => {
  const bodyOf = async (message: Message) => {
    expect(await provide().send(message, patience())).toEqual({ outcome: "accepted", reference: `m-${message.deliveryId}` });
    return JSON.parse(gateway.requests[0]?.body ?? "");
  };

  test("arrives signed, with all that is known of it", async () => {
    expect(await bodyOf({ ...smsMessage, purpose: "login" })).toEqual({
      type: "countersign.message",
      channel: "sms",
      to: smsMessage.to,
      text: smsMessage.text,
      code: smsMessage.code,
      locale: "en",
      purpose: "login",
      challenge_id: "challenge-1",
      delivery_id: "d1",
    });
    expect(gateway.requests[0]?.headers["webhook-id"]).toBe("d1");
  });

  test("has subject and HTML as a mail, and what is said as a call", async () => {
    expect(await bodyOf(mailMessage)).toMatchObject({ channel: "email", subject: mailMessage.subject, html: mailMessage.html });
    gateway.requests.length = 0;
    expect(await bodyOf(callMessage)).toMatchObject({ channel: "voice", speech: callMessage.speech, code: callMessage.code });
  });

  test("survives every character", async () => {
    const text = '"\\\r\n\t\u0000 ünïcode 💬 \u2028 {"to":"+1"} \ud800';
    expect(await bodyOf({ ...smsMessage, text })).toMatchObject({ text, to: smsMessage.to });
  });

  test("never has the code in the URL or a header", async () => {
    await bodyOf(smsMessage);
    for (const { path, rawHeaders } of gateway.requests) expect(path + rawHeaders.join()).not.toContain(smsMessage.code);
  });
});

describe("signatures", () => {
  test("are of the moment of sending, by the clock that was given", async () => {
    await provide({}, { now: () => 1_614_265_330_999 }).send(smsMessage, patience());
    expect(gateway.requests[0]?.headers["webhook-timestamp"]).toBe("1614265330");
  });

  test("of a key that the receiver does not know are refused by it", async () => {
    expect(await provide({ secrets: [newer] }).send(smsMessage, patience())).toEqual({
      outcome: "permanent",
      failure: "credentials_refused",
      vendorCode: "http_401",
    });
  });

  test("of two keys go together, so that either end can change its key first", async () => {
    for (const secrets of [
      [newer, secret],
      [secret, newer],
    ])
      expect(await provide({ secrets }).send(smsMessage, patience())).toMatchObject({ outcome: "accepted" });
  });

  test("a repeated delivery has the id of the first", async () => {
    const provider = provide();
    await provider.send(smsMessage, patience());
    await provider.send(smsMessage, patience());
    expect(gateway.requests.map(({ headers }) => headers["webhook-id"])).toEqual(["d1", "d1"]);
  });
});

describe("one request, and what its answer means", () => {
  test.each(gatewayCases)("%s", async (_name, behaviour, expected) => {
    gateway.state.behaviour = behaviour;
    const result = await provide({ success: { path: "status", equals: ["queued"] } }).send(smsMessage, patience());
    expect(result).toMatchObject(expected);
    expect(gateway.requests).toHaveLength(1);
  });

  test("a bad number, as the gateway says it", async () => {
    expect(await provide().send({ ...smsMessage, to: "nobody" }, patience())).toEqual({
      outcome: "permanent",
      failure: "recipient_refused",
      vendorCode: "http_422",
    });
  });

  test.each([
    [{ failure: "throttled" }, 503, { outcome: "retryable", failure: "throttled" }],
    [{ failure: "funds_exhausted" }, 500, { outcome: "permanent", failure: "funds_exhausted" }],
    [{ failure: "sender_refused", retryable: true }, 400, { outcome: "retryable", failure: "sender_refused" }],
    [{ failure: "provider_error", retryable: false }, 502, { outcome: "permanent", failure: "provider_error" }],
    [{ failure: "toString" }, 500, { outcome: "unknown", failure: "provider_error" }],
    [{ failure: ["throttled"] }, 500, { outcome: "unknown", failure: "provider_error" }],
  ])("%j with %i", async (body, status, expected) => {
    gateway.state.behaviour = { kind: "answer", status, body: JSON.stringify(body) };
    expect(await provide().send(smsMessage, patience())).toMatchObject(expected);
  });

  test("success by status alone, where nothing else is asked for", async () => {
    gateway.state.behaviour = { kind: "answer", status: 204, body: "" };
    expect(await provide().send(smsMessage, patience())).toEqual({ outcome: "accepted" });
    expect(await provide({ success: { maxStatus: 203 } }).send(smsMessage, patience())).toMatchObject({ outcome: "unknown" });
  });

  test.each([
    ["the code", '{"id":"482913"}'],
    ["the code in a word", '{"id":"otp=482913;ok"}'],
    ["the number", '{"id":"4915112345678"}'],
    ["the number in a word", '{"id":"to:+4915112345678"}'],
    ["a sentence", '{"id":"482913 is your code"}'],
    ["a line break", '{"id":"m\\r\\n1"}'],
    ["an object", '{"id":{"id":1}}'],
    ["too long a text", JSON.stringify({ id: "m".repeat(129) })],
  ])("%s is no message id", async (_what, body) => {
    gateway.state.behaviour = { kind: "answer", status: 200, body };
    expect(await provide().send(smsMessage, patience())).toEqual({ outcome: "accepted" });
  });

  test("the message id from deep within", async () => {
    gateway.state.behaviour = { kind: "answer", status: 200, body: '{"messages":[{"ref":{"n":"x-1"}}]}' };
    const provider = provide({ messageIdPath: "messages.0.ref.n" });
    expect(await provider.send(smsMessage, patience())).toEqual({ outcome: "accepted", reference: "x-1" });
  });
});

describe("what never left", () => {
  const retryable = (failure: string) => ({ outcome: "retryable", failure });

  test("a connection refused", async () => {
    const provider = provide({ url: `http://127.0.0.1:${await closedPort()}/` });
    expect(await provider.send(smsMessage, patience())).toEqual(retryable("unreachable"));
  });

  test("a name that does not exist", async () => {
    expect(await provide({ url: "https://gateway.invalid/" }).send(smsMessage, patience())).toEqual(retryable("unreachable"));
  });

  test("a TLS handshake that hangs", async () => {
    const silence = await startSilence();
    const provider = provide({ url: `https://127.0.0.1:${silence.port}/` });
    expect(await provider.send(smsMessage, patience())).toEqual(retryable("timeout"));
    silence.stop();
  });

  test("a certificate that nobody we trust has signed", async () => {
    expect(await provide({ url: secured.url }).send(smsMessage, patience())).toEqual(retryable("unreachable"));
    expect(secured.requests).toHaveLength(0);
  });

  test("a caller who was gone before", async () => {
    expect(await provide().send(smsMessage, AbortSignal.abort())).toEqual(retryable("timeout"));
    expect(gateway.requests).toHaveLength(0);
  });
});

test("a certificate of the operator's own authority is taken when it is named", async () => {
  const provider = provide({ url: secured.url, ca: certificate.cert });
  expect(await provider.send(smsMessage, patience())).toEqual({ outcome: "accepted", reference: "m-d1" });
});

test("the caller's deadline ends a request before the provider's own", async () => {
  gateway.state.behaviour = { kind: "hang" };
  const started = performance.now();
  expect(await provide({ timeoutSeconds: 14 }).send(smsMessage, AbortSignal.timeout(200))).toMatchObject({
    outcome: "unknown",
    failure: "timeout",
  });
  expect(performance.now() - started).toBeLessThan(2_000);
});

describe("headers", () => {
  test("of the operator go along", async () => {
    await provide({ headers: { Authorization: "Bearer abc", "X-Tenant": "shop 1", "User-Agent": "ours" } }).send(smsMessage, patience());
    expect(gateway.requests[0]?.headers).toMatchObject({ authorization: "Bearer abc", "x-tenant": "shop 1", "user-agent": "ours" });
    expect(gateway.requests[0]?.rawHeaders.filter((name) => name.toLowerCase() === "user-agent")).toHaveLength(1);
  });

  test("cannot be added by anything in a message", async () => {
    const evil = "x\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1\r\n\r\n";
    const message = { ...smsMessage, to: evil, text: evil, locale: evil, purpose: evil, challengeId: evil, code: evil };
    expect(await provide().send(message, patience())).toMatchObject({ outcome: "permanent", failure: "recipient_refused" });
    expect(gateway.requests).toHaveLength(1);
    expect(gateway.requests[0]?.headers).not.toHaveProperty("x-evil");
    await expect(provide().send({ ...smsMessage, deliveryId: "d1\r\nX-Evil: 1" }, patience())).rejects.toThrow(TypeError);
    expect(gateway.requests).toHaveLength(1);
  });
});
