import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Message } from "../../src/otp/ports.ts";
import type { ClosableProvider } from "../../src/providers/closable-provider.ts";
import { createHttpSms } from "../../src/providers/http-sms.ts";
import { httpSmsConfig } from "../../src/providers/http-sms-config.ts";
import { gatewayCases } from "./gateway-cases.ts";
import { type Answer, closedPort, type Gateway, type GatewayRequest, startGateway, startSilence } from "./gateway-server.ts";
import { patience, smsMessage } from "./messages.ts";

const secrets = { key: 'k-1"&\\ {to}' };
const headers = { authorization: "Key {secrets.key}", "X-Request": "{delivery_id}" };
const json = { to: "{to}", sender: "{sender}", messages: [{ body: "{text}", kind: 1, flash: false, ref: null }] };
const form = { to: "{to_digits}", from: "{sender}", msg: "{text}", otp: "{code}", id: "{delivery_id}" };

let gateway: Gateway;
const open: ClosableProvider[] = [];

function provide(more: object = {}): ClosableProvider {
  const base = {
    kind: "http-sms",
    url: gateway.url,
    allowPrivateHosts: ["127.0.0.1"],
    headers,
    secrets,
    sender: "EXAMPL",
    timeoutSeconds: 1,
  };
  const body = "form" in more || "json" in more ? {} : { json };
  const provider = createHttpSms("regional", httpSmsConfig.parse({ ...base, ...body, messageIdPath: "id", ...more }));
  open.push(provider);
  return provider;
}

const sendWith = (more: object, message: Message = smsMessage) => provide(more).send(message, patience());

/** A gateway that says everything with status 200, as many do. */
function receive({ headers: sent, body }: GatewayRequest): Answer {
  const say = (status: string, id?: string) => ({ status: 200, body: JSON.stringify({ status, id }) });
  if (sent.authorization !== `Key ${secrets.key}`) return say("E101");
  const to = sent["content-type"]?.startsWith("application/json") ? JSON.parse(body).to : `+${new URLSearchParams(body).get("to")}`;
  return /^\+[1-9]\d{6,14}$/.test(to) ? say("queued", "m-1") : say("E202");
}

const success = { path: "status", equals: ["queued"] };
const errors = [
  { path: "status", equals: ["E101"], failure: "credentials_refused" },
  { path: "status", equals: ["E202", "E203"], failure: "recipient_refused" },
  { status: 503, contains: "maintenance", failure: "provider_error" },
  { path: "fault", failure: "sender_refused", retryable: true },
];

beforeAll(async () => {
  gateway = await startGateway({ answer: receive });
});
beforeEach(() => {
  gateway.requests.length = 0;
  gateway.state.behaviour = { kind: "api" };
});
afterAll(async () => {
  for (const provider of open) await provider.close();
  await gateway.stop();
});

describe("a message", () => {
  test("as JSON, with what is not a text as it stands", async () => {
    expect(await sendWith({ success })).toEqual({ outcome: "accepted", reference: "m-1" });
    const [request] = gateway.requests;
    expect(request).toMatchObject({ method: "POST", path: "/send" });
    expect(request?.headers).toMatchObject({
      "x-request": "d1",
      "content-type": "application/json; charset=utf-8",
      "user-agent": "countersign",
    });
    expect(JSON.parse(request?.body ?? "")).toEqual({
      to: smsMessage.to,
      sender: "EXAMPL",
      messages: [{ body: smsMessage.text, kind: 1, flash: false, ref: null }],
    });
  });

  test("as a form", async () => {
    expect(await sendWith({ form, method: "PUT", success })).toMatchObject({ outcome: "accepted" });
    const [request] = gateway.requests;
    expect(request?.method).toBe("PUT");
    expect(request?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(Object.fromEntries(new URLSearchParams(request?.body))).toEqual({
      to: "4915112345678",
      from: "EXAMPL",
      msg: smsMessage.text,
      otp: "482913",
      id: "d1",
    });
  });

  test("with parameters in the URL, and never the code there or in a header", async () => {
    await sendWith({ query: { route: "otp & more", to: "{to}", ref: "{delivery_id}/{challenge_id}", lang: "{locale}", for: "{purpose}" } });
    const [request] = gateway.requests;
    expect(request?.path).toBe("/send?route=otp+%26+more&to=%2B4915112345678&ref=d1%2Fchallenge-1&lang=en&for=");
    expect(request?.path + JSON.stringify(request?.rawHeaders)).not.toContain(smsMessage.code);
  });

  const evil = '"},"to":"+1","x":"\r\nX-Evil: 1\r\n\r\n&to=%2B1&=?#{to}{secrets.key}\\\u0000\ud800 ü💬';

  test("cannot add to a JSON body", async () => {
    await sendWith({}, { ...smsMessage, text: evil });
    const sent = JSON.parse(gateway.requests[0]?.body ?? "");
    expect(Object.keys(sent)).toEqual(Object.keys(json));
    expect(sent.messages[0].body).toBe(evil);
    expect(sent.to).toBe(smsMessage.to);
  });

  test("cannot add to a form", async () => {
    await sendWith({ form }, { ...smsMessage, text: evil });
    const sent = new URLSearchParams(gateway.requests[0]?.body);
    expect([...sent.keys()]).toEqual(Object.keys(form));
    expect(sent.get("msg")).toBe(evil.toWellFormed());
  });

  test("cannot add a header or a parameter", async () => {
    const message = { ...smsMessage, to: evil, locale: evil, purpose: evil, challengeId: evil, deliveryId: evil };
    const all = "{to} {locale} {purpose} {challenge_id} {delivery_id}";
    await sendWith({ headers: { ...headers, "X-All": all }, query: { all } }, message);
    const [request] = gateway.requests;
    expect(gateway.requests).toHaveLength(1);
    expect(request?.headers).not.toHaveProperty("x-evil");
    expect(request?.headers["x-all"]).toContain("X-Evil: 1");
    expect([...new URL(request?.path ?? "", "http://h").searchParams.keys()]).toEqual(["all"]);
  });
});

describe("one request, and what its answer means", () => {
  test.each(gatewayCases)("%s", async (_name, behaviour, expected) => {
    gateway.state.behaviour = behaviour;
    expect(await sendWith({ success, errors })).toMatchObject(expected);
    expect(gateway.requests).toHaveLength(1);
  });

  test("a bad number", async () => {
    const result = await sendWith({ success, errors }, { ...smsMessage, to: "+0000000" });
    expect(result).toEqual({ outcome: "permanent", failure: "recipient_refused", vendorCode: "E202" });
    expect(gateway.requests).toHaveLength(1);
  });

  test("bad credentials", async () => {
    const result = await sendWith({ success, errors, secrets: { key: "other" } });
    expect(result).toEqual({ outcome: "permanent", failure: "credentials_refused", vendorCode: "E101" });
  });

  test.each([
    ["a text, with a status", 503, "down for maintenance", { outcome: "retryable", failure: "provider_error", vendorCode: "http_503" }],
    ["the text with another status", 500, "down for maintenance", { outcome: "unknown", failure: "provider_error" }],
    ["a field, whatever is in it", 200, '{"fault":7}', { outcome: "retryable", failure: "sender_refused", vendorCode: "7" }],
    ["a field that is null", 200, '{"fault":null}', { outcome: "unknown", failure: "provider_error" }],
    ["an error that nobody described", 200, '{"status":"E999"}', { outcome: "unknown", failure: "provider_error", vendorCode: "E999" }],
    ["an error before success", 200, '{"status":"queued","fault":"X"}', { outcome: "retryable", failure: "sender_refused" }],
    ["a status that repeats the code", 200, '{"status":"482913"}', { outcome: "unknown", vendorCode: "http_200" }],
  ])("%s", async (_name, status, body, expected) => {
    gateway.state.behaviour = { kind: "answer", status, body };
    expect(await sendWith({ success, errors })).toMatchObject(expected);
  });

  test.each([
    ["OK: 1701|919800000000|abc-1:2", { contains: "1701|" }, "OK: 1701|", { outcome: "accepted", reference: "919800000000" }],
    ["<r><ok/><id> 77-a </id></r>", { contains: "<ok/>" }, "<id>", { outcome: "accepted", reference: "77-a" }],
    ["queued", {}, "id:", { outcome: "accepted" }],
    ["queued id:", {}, "id:", { outcome: "accepted" }],
    ["queued id:482913", {}, "id:", { outcome: "accepted" }],
    ["1702|no such number", { contains: "1701|" }, "1701|", { outcome: "unknown", failure: "provider_error", vendorCode: "http_200" }],
  ])("an answer that is not JSON: %s", async (body, rule, messageIdAfter, expected) => {
    gateway.state.behaviour = { kind: "answer", status: 200, body };
    expect(await sendWith({ success: rule, messageIdPath: undefined, messageIdAfter })).toEqual(expected);
  });

  test("what every object has by birth is not in the answer", async () => {
    gateway.state.behaviour = { kind: "answer", status: 200, body: '{"list":[]}' };
    for (const path of ["constructor", "__proto__", "list.map"])
      expect(await sendWith({ success: { path } })).toMatchObject({ outcome: "unknown" });
  });

  test("numbers and texts are the same to equals", async () => {
    gateway.state.behaviour = { kind: "answer", status: 200, body: '{"error":0,"ok":true}' };
    expect(await sendWith({ success: { path: "error", equals: ["0"] } })).toMatchObject({ outcome: "accepted" });
    expect(await sendWith({ success: { path: "ok", equals: [true] } })).toMatchObject({ outcome: "accepted" });
  });
});

describe("what never left", () => {
  test("a connection refused", async () => {
    const url = `http://127.0.0.1:${await closedPort()}/`;
    expect(await sendWith({ url })).toEqual({ outcome: "retryable", failure: "unreachable" });
  });

  test("a TLS handshake that hangs", async () => {
    const silence = await startSilence();
    const url = `https://127.0.0.1:${silence.port}/`;
    expect(await sendWith({ url })).toEqual({ outcome: "retryable", failure: "timeout" });
    silence.stop();
  });

  test("a caller who was gone before", async () => {
    expect(await provide().send(smsMessage, AbortSignal.abort())).toEqual({ outcome: "retryable", failure: "timeout" });
    expect(gateway.requests).toHaveLength(0);
  });
});

describe("in India", () => {
  const templates = [
    { templateId: "1107000000000000001", purpose: "payment", text: "{#var#} confirms a payment to {#var#}." },
    { templateId: "1107000000000000002", header: "EXMPLH", locale: "hi", text: "{#var#} {#var#} का कोड है।" },
    {
      templateId: "1107000000000000003",
      locale: "en",
      text: "{#numeric#} is your {#alphanumeric#} code. It expires in {#var#}. Never share it.",
    },
  ];
  const dlt = { entityId: "1101000000000000009", senderId: "EXMPLE", templates };
  const indian = { form: { ...form, pe: "{entity_id}", tpl: "{template_id}" }, dlt };
  const sent = () => Object.fromEntries(new URLSearchParams(gateway.requests[0]?.body));

  test("a text goes with entity, template and header that were registered for it", async () => {
    expect(await sendWith(indian)).toMatchObject({ outcome: "accepted" });
    expect(sent()).toMatchObject({ pe: dlt.entityId, tpl: "1107000000000000003", from: "EXMPLE", msg: smsMessage.text });
  });

  test("a template's own header comes before that of the entity", async () => {
    await sendWith(indian, { ...smsMessage, locale: "hi", text: "482913 Example का कोड है।" });
    expect(sent()).toMatchObject({ tpl: "1107000000000000002", from: "EXMPLH" });
  });

  test("a text that was not registered is not sent, and the log is told which templates it was compared with", async () => {
    const result = await sendWith(indian, { ...smsMessage, text: "482913 is your code", purpose: "payment" });
    const vendorCode = "dlt_mismatch 1107000000000000001 1107000000000000003";
    expect(result).toEqual({ outcome: "permanent", failure: "content_refused", vendorCode });
    expect(gateway.requests).toHaveLength(0);
  });

  test("nor a text in a language for which nothing was registered", async () => {
    const result = await sendWith(indian, { ...smsMessage, locale: "de", purpose: "login" });
    expect(result).toEqual({ outcome: "permanent", failure: "content_refused", vendorCode: "dlt_no_template" });
    expect(gateway.requests).toHaveLength(0);
  });
});
