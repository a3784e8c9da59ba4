import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { signGateway } from "../providers/receipt-signers.ts";
import { mustSucceed } from "../rpc/cases.ts";
import { type Collector, newTraceparent, type SeenSpan, startCollector } from "../telemetry/trace-collector.ts";
import { challengeIdOf, newPhone, outcome, sendTo, verify, wrong } from "./calls.ts";
import { hasMongo, newMongo } from "./databases.ts";
import { type Secret, secretsIn } from "./secrets-in.ts";
import { newSqlite, type Service, startService } from "./service.ts";
import { caller, type Gateway, lastCode, startMessageGateway, tracedConfig, webhookSecret } from "./tracing-kit.ts";

const stores = [
  { name: "SQLite", system: "sqlite", newUrl: () => newSqlite().url },
  ...(hasMongo ? [{ name: "MongoDB", system: "mongodb", newUrl: newMongo }] : []),
];

describe.each(stores)("traces on $name", ({ system, newUrl }) => {
  let collector: Collector;
  let gateway: Gateway;
  let service: Service;
  const secrets: Secret[] = [];
  const newSecretPhone = (): string => {
    const phone = newPhone();
    secrets.push({ name: "a recipient", text: phone.slice(1) });
    return phone;
  };

  beforeAll(async () => {
    [collector, gateway] = await Promise.all([startCollector(), startMessageGateway()]);
    const tracing = { endpoint: collector.endpoint, headers: { "x-api-key": "collector-key" }, sampleRatio: 0, serviceName: "codes" };
    service = await startService({ config: tracedConfig(gateway, tracing), store: newUrl(), key: caller.key });
  });
  afterAll(() => Promise.all([collector.stop(), gateway.stop()]));

  const serverSpan = (traceId: string, rpc: string) =>
    collector.span((span) => span.traceId === traceId && span.name === `countersign.v1.CodeService/${rpc}`);
  const childrenOf = (parent: SeenSpan) => collector.spans.filter((span) => span.parentSpanId === parent.spanId);

  it.each(["gRPC", "gRPC-Web", "Connect", "JSON"])(
    "a call over %s is part of its caller's trace, down to the store and the gateway",
    async (name) => {
      const wire = service.wires.find((each) => each.name === name);
      if (!wire) throw new Error(name);
      const { traceId, spanId, traceparent } = newTraceparent();
      const phone = newSecretPhone();
      const sent = sendTo(phone, { channels: ["CHANNEL_VOICE"], idempotencyKey: `secret-key-${phone}` });
      const challengeId = challengeIdOf(await mustSucceed(wire, { ...sent, headers: { traceparent, tracestate: "vendor=abc" } }));
      const code = lastCode(gateway);
      secrets.push({ name: "a code", text: code }, { name: "an idempotency key", text: `secret-key-${phone}` });

      const server = await serverSpan(traceId, "SendCode");
      expect(server).toMatchObject({ parentSpanId: spanId, kind: "SERVER", isError: false });
      expect(server.attributes).toEqual({
        "rpc.system": name.startsWith("gRPC") ? "grpc" : "connect_rpc",
        "rpc.service": "countersign.v1.CodeService",
        "rpc.method": "SendCode",
        "rpc.response.status_code": "OK",
        "countersign.reason": "OK",
        "countersign.application": "shop",
        "countersign.caller": "service",
        "countersign.channel": "voice",
        "countersign.challenge_id": challengeId,
      });
      const tried = await collector.span((span) => span.traceId === traceId && span.name === "send voice");
      expect(tried).toMatchObject({ parentSpanId: server.spanId, kind: "CLIENT", isError: false });
      expect(tried.attributes).toMatchObject({
        "countersign.provider": "hook",
        "countersign.channel": "voice",
        "countersign.country": "DE",
        "countersign.outcome": "accepted",
        "countersign.challenge_id": challengeId,
      });
      const stored = childrenOf(server).filter((span) => span.attributes["db.system.name"] === system);
      const verbs = stored.map((span) => span.attributes["db.operation.name"]);
      expect(verbs).toEqual(expect.arrayContaining(["open", "recordDelivery"]));
      expect(childrenOf(server).map((span) => span.name)).toContain("guard admit");
      const heard = gateway.requests.at(-1)?.headers;
      expect(heard).toMatchObject({ traceparent: `00-${traceId}-${tried.spanId}-01`, tracestate: "vendor=abc" });

      const guess = newTraceparent();
      const wrongly = await wire.send({ ...verify(challengeId, wrong(code)), headers: { traceparent: guess.traceparent } });
      expect(outcome(wrongly)).toBe("CODE_MISMATCH");
      secrets.push({ name: "a wrong code", text: wrong(code) });
      const refused = await serverSpan(guess.traceId, "VerifyCode");
      expect(refused.isError).toBe(false);
      expect(refused.attributes).toMatchObject({ "rpc.response.status_code": "PERMISSION_DENIED", "countersign.reason": "CODE_MISMATCH" });
      expect(outcome(await wire.send({ ...verify(code, challengeId), headers: { traceparent: guess.traceparent } }))).not.toBe("OK");
    },
  );

  it("the HTTP API of an SMS gateway gets the trace too, and log lines name it", async () => {
    const { traceId, traceparent } = newTraceparent();
    const phone = newSecretPhone();
    const challengeId = challengeIdOf(await mustSucceed(service.gRPC, { ...sendTo(phone), headers: { traceparent } }));
    secrets.push({ name: "a code by SMS", text: lastCode(gateway) });
    expect(gateway.requests.at(-1)?.headers.traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    const lines = await logged(service, (line) => line.challengeId === challengeId, 2);
    expect(lines.map(({ event, traceId: of }) => [event, of])).toEqual([
      ["message_handled", traceId],
      ["code_sent", traceId],
    ]);
  });

  it("a watched challenge is one span, from its beginning to its end", async () => {
    const { traceId, traceparent } = newTraceparent();
    const challengeId = challengeIdOf(await mustSucceed(service.gRPC, sendTo(newSecretPhone())));
    const code = lastCode(gateway);
    secrets.push({ name: "a code that was watched", text: code });
    const watched = service.gRPC.send({ method: "WatchChallenge", request: { challengeId }, headers: { traceparent } });
    await logged(service, ({ event }) => event === "code_sent", 1);
    expect(outcome(await service.gRPC.send(verify(challengeId, code)))).toBe("OK");
    await watched;
    const span = await serverSpan(traceId, "WatchChallenge");
    expect(span.attributes).toMatchObject({ "countersign.challenge_id": challengeId, "rpc.response.status_code": "OK" });
  });

  it("a receipt is a trace of its own that names the send's", async () => {
    const sent = newTraceparent();
    const told = newTraceparent();
    const sending = sendTo(newSecretPhone(), { channels: ["CHANNEL_VOICE"] });
    const challengeId = challengeIdOf(await mustSucceed(service.gRPC, { ...sending, headers: { traceparent: sent.traceparent } }));
    secrets.push({ name: "a code of a receipt", text: lastCode(gateway) });
    const { receipt_url: url, delivery_id } = JSON.parse(gateway.requests.at(-1)?.body ?? "{}") as Record<
      "receipt_url" | "delivery_id",
      string
    >;
    const receipt = { type: "countersign.receipt", delivery_id, state: "delivered", id: "gateway-1" };
    const signed = signGateway(url, receipt, { secret: webhookSecret });
    const { pathname } = new URL(url);
    const answered = await fetch(`http://${service.http}${pathname}`, {
      method: "POST",
      headers: { ...signed.headers, traceparent: told.traceparent },
      body: signed.body,
    });
    expect(answered.status).toBe(200);
    const span = await collector.span(({ traceId, name }) => traceId === told.traceId && name === "receipt hook");
    expect(span.links).toEqual([expect.objectContaining({ traceId: sent.traceId })]);
    expect(span.attributes).toMatchObject({
      "countersign.challenge_id": challengeId,
      "countersign.delivery_state": "delivered",
      "countersign.outcome": "taken",
    });
  });

  it("where the caller does not sample, or says nothing at a ratio of 0, nothing is exported; a broken header is no trace", async () => {
    const unsampled = newTraceparent(false);
    await mustSucceed(service.gRPC, { ...sendTo(newSecretPhone()), headers: { traceparent: unsampled.traceparent } });
    secrets.push({ name: "a code of no trace", text: lastCode(gateway) });
    const [heard] = gateway.requests.slice(-1);
    expect(heard?.headers.traceparent).toMatch(new RegExp(`^00-${unsampled.traceId}-[0-9a-f]{16}-00$`));
    await mustSucceed(service.gRPC, { ...sendTo(newSecretPhone()), headers: { traceparent: "00-not-a-trace-01" } });
    secrets.push({ name: "a code of a broken trace", text: lastCode(gateway) });
    // What comes after them comes at all, so they would have been there.
    const last = newTraceparent();
    await mustSucceed(service.gRPC, { ...sendTo(newSecretPhone()), headers: { traceparent: last.traceparent } });
    secrets.push({ name: "a last code", text: lastCode(gateway) });
    await serverSpan(last.traceId, "SendCode");
    expect(collector.ofTrace(unsampled.traceId)).toEqual([]);
    expect(collector.spans.filter((span) => span.kind === "SERVER" && span.parentSpanId === undefined)).toEqual([]);
  });

  it("is said by the service's name, with the collector's key, and holds no code, recipient or key", async () => {
    await service.stop();
    expect(collector.resources[0]).toMatchObject({ "service.name": "codes" });
    expect(collector.headers[0]).toMatchObject({ "x-api-key": "collector-key" });
    const outputs = collector.bodies.map((body, index) => ({ name: `export ${index}`, bytes: Buffer.from(body) }));
    const logs = [{ name: "log", bytes: Buffer.from(service.stdout()) }];
    expect(secrets.length).toBeGreaterThan(15);
    expect(collector.spans.length).toBeGreaterThan(40);
    expect(secretsIn([...outputs, ...logs], secrets)).toEqual([]);
    expect(secretsIn([...outputs, ...logs], [{ name: "the collector's key", text: "collector-key" }])).toEqual([]);
  });
});

describe("without a collector", () => {
  it("calls go on, its loss is told once, and its return; the service stops in time", async () => {
    const [first, gateway] = await Promise.all([startCollector(), startMessageGateway()]);
    onTestFinished(() => gateway.stop());
    const { port, endpoint } = first;
    await first.stop();
    const tracing = { endpoint, sampleRatio: 1 };
    const service = await startService({ config: tracedConfig(gateway, tracing), store: newSqlite().url, key: caller.key });
    const send = () => mustSucceed(service.gRPC, sendTo(newPhone()));
    await send();
    const [lost] = await logged(service, ({ event }) => event === "trace_collector_lost", 1);
    expect(JSON.stringify(lost)).toContain("ECONNREFUSED");
    for (let count = 0; count < 20; count += 1) await send();
    const collector = await startCollector(port);
    onTestFinished(() => collector.stop());
    await send();
    await logged(service, ({ event }) => event === "trace_collector_back", 1);
    expect(service.log().filter(({ event }) => event === "trace_collector_lost")).toHaveLength(1);
    collector.state.answer = "hang";
    await send();
    const { code } = await service.stop();
    expect(code).toBe(0);
  });

  it("without the setting a caller's trace is left alone", async () => {
    const gateway = await startMessageGateway();
    onTestFinished(() => gateway.stop());
    const service = await startService({
      config: tracedConfig(gateway, undefined),
      store: newSqlite().url,
      key: caller.key,
    });
    const { traceparent } = newTraceparent();
    await mustSucceed(service.gRPC, { ...sendTo(newPhone(), { channels: ["CHANNEL_VOICE"] }), headers: { traceparent } });
    expect(gateway.requests.at(-1)?.headers.traceparent).toBeUndefined();
    expect(service.log().some((line) => "traceId" in line)).toBe(false);
  });
});

async function logged(
  service: Service,
  wanted: (line: Record<string, unknown>) => boolean,
  count: number,
): Promise<readonly Record<string, unknown>[]> {
  for (let tries = 0; tries < 600; tries += 1) {
    const lines = service.log().filter(wanted);
    if (lines.length >= count) return lines;
    await sleep(50);
  }
  throw new Error("no such line was logged");
}
