import { existsSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StoreUnavailable } from "../../src/otp/refusal.ts";
import { toConnectError } from "../../src/rpc/status.ts";
import { createFaultLog } from "../../src/telemetry/events.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { openTracing } from "../../src/telemetry/trace-open.ts";
import type { Tracing } from "../../src/telemetry/tracing.ts";
import { collectLines } from "./lines.ts";
import { type Collector, newTraceparent, startCollector } from "./trace-collector.ts";

type Handler = (incoming: never) => unknown;

let collector: Collector;
let tracing: Tracing;
const { lines, writer } = collectLines();
const { logger } = createLog({ level: "trace", writer, traced: true });

beforeAll(async () => {
  collector = await startCollector();
  tracing = openTracing({ endpoint: collector.endpoint, headers: {}, sampleRatio: 0, serviceName: "x" }, logger);
});
afterAll(async () => {
  await tracing.close();
  await collector.stop();
});

const serviceWith = (handler: Handler) =>
  tracing.service({ service: { typeName: "a.Service", methods: [{ name: "Do", localName: "do" }] }, handlers: { do: handler } }).handlers
    .do as (incoming: object) => Promise<unknown> & AsyncIterable<unknown>;

function newCall() {
  const { traceId, traceparent } = newTraceparent();
  const headers: Record<string, string> = { traceparent };
  const incoming = { header: (name: string) => headers[name] };
  return { incoming, traceId, span: () => collector.span((span) => span.traceId === traceId && span.kind === "SERVER") };
}

describe("the span of an RPC", () => {
  const refusal = toConnectError({ reason: "RATE_LIMITED", message: "the recipient +4915112345678 is limited" });
  it.each([
    ["a refusal", refusal, { status: "RESOURCE_EXHAUSTED", reason: "RATE_LIMITED", isError: false }],
    ["a store that is away", new StoreUnavailable(new Error("x")), { status: "UNAVAILABLE", reason: "STORE_UNAVAILABLE", isError: true }],
    ["a caller that went away", new DOMException("x", "AbortError"), { status: "CANCELLED", reason: undefined, isError: false }],
    [
      "a deadline",
      toConnectError({ reason: "DEADLINE_EXCEEDED", message: "x" }),
      { status: "DEADLINE_EXCEEDED", reason: "DEADLINE_EXCEEDED", isError: true },
    ],
    ["an error without a reason", new ConnectError("x", Code.Unimplemented), { status: "UNIMPLEMENTED", reason: undefined, isError: true }],
    ["a fault", new TypeError("no code 123456"), { status: "INTERNAL", reason: "INTERNAL", isError: true }],
  ])("tells of %s, and not its words", async (_, thrown, { status, reason, isError }) => {
    const { incoming, span } = newCall();
    await expect(serviceWith(async () => Promise.reject(thrown))(incoming)).rejects.toBe(thrown);
    const { attributes, isError: told } = await span();
    expect(attributes["rpc.response.status_code"]).toBe(status);
    expect(attributes["countersign.reason"]).toBe(reason);
    expect(told).toBe(isError);
    expect(collector.bodies.join()).not.toMatch(/4915112345678|123456/);
  });

  it("names its trace in every line of the call, the one about a fault included, which is written when the call has ended", async () => {
    const { incoming, traceId } = newCall();
    const fault = new TypeError("x");
    const call = serviceWith(async () => {
      logger.info({ event: "in_the_call" });
      await Promise.resolve();
      logger.info({ event: "later_in_the_call" });
      throw fault;
    });
    await call(incoming).catch((cause: unknown) => tracing.faults(createFaultLog(logger))({ errorId: "e", rpc: "Do", cause }));
    tracing.faults(createFaultLog(logger))({ errorId: "another", rpc: "Do", cause: new Error("of no call") });
    logger.info({ event: "outside" });
    const told = lines().map(({ event, errorId, traceId: of }) => [errorId ?? event, of]);
    expect(told).toEqual([
      ["in_the_call", traceId],
      ["later_in_the_call", traceId],
      ["e", traceId],
      ["another", undefined],
      ["outside", undefined],
    ]);
  });

  it("of a stream ends with it: at its end, when its reader leaves, and when it fails", async () => {
    const values = async function* () {
      logger.info({ event: "in_the_stream" });
      yield 1;
      yield 2;
    };
    const whole = newCall();
    expect(await Array.fromAsync(serviceWith(values)(whole.incoming))).toEqual([1, 2]);
    expect((await whole.span()).attributes["rpc.response.status_code"]).toBe("OK");
    expect(lines().findLast(({ event }) => event === "in_the_stream")).toMatchObject({ traceId: whole.traceId });

    const left = newCall();
    for await (const value of serviceWith(values)(left.incoming)) if (value === 1) break;
    expect((await left.span()).attributes["rpc.response.status_code"]).toBe("CANCELLED");

    const failed = newCall();
    const failing = async function* () {
      yield 1;
      throw refusal;
    };
    await expect(Array.fromAsync(serviceWith(failing)(failed.incoming))).rejects.toBe(refusal);
    expect((await failed.span()).attributes["countersign.reason"]).toBe("RATE_LIMITED");
  });
});

describe("a store", () => {
  it("is traced within calls, until they end, and never by itself", async () => {
    const asked: string[] = [];
    const store = tracing.store(
      { read: async () => void asked.push("read"), close: async () => void asked.push("close") } as never,
      "sqlite",
    );
    const read = () => store.read({ ledger: "l", nonce: "n", application: "a" });
    await read();
    let afterwards = Promise.resolve();
    const { incoming, traceId, span } = newCall();
    await serviceWith(async () => {
      await read();
      afterwards = new Promise<void>((resolve) => setTimeout(() => resolve(read().then(() => undefined)), 20));
    })(incoming);
    await afterwards;
    await store.close();
    await span();
    expect(asked).toEqual(["read", "read", "read", "close"]);
    const spans = collector.spans.filter((each) => "db.operation.name" in each.attributes);
    expect(spans.map((each) => [each.traceId, each.attributes])).toEqual([
      [traceId, { "db.system.name": "sqlite", "db.operation.name": "read" }],
    ]);
  });
});

describe("a provider", () => {
  it("of which nobody's call asks, such as a fallback's, is in the trace of that", async () => {
    const all = openTracing({ endpoint: collector.endpoint, headers: {}, sampleRatio: 1, serviceName: "x" }, logger);
    const heard: unknown[] = [];
    const provider = all.provider({
      name: "p",
      send: async (message) => {
        heard.push(message.trace?.traceparent);
        throw new TypeError("a defect that names 123456");
      },
    });
    const message = { channel: "sms", to: "+4915112345678", code: "123456", text: "123456", locale: "en", application: "shop" } as const;
    const ref = { ledger: "l".repeat(20), nonce: "n".repeat(16), application: "shop" };
    const send = () => provider.send({ ...message, challengeId: "c", deliveryId: "d" }, new AbortController().signal);
    await expect(all.move(ref, async () => void (await send()))).rejects.toThrow(TypeError);
    await all.close();
    const moved = await collector.span(({ name }) => name === "fallback");
    const tried = await collector.span(({ name }) => name === "send sms");
    expect(tried).toMatchObject({ traceId: moved.traceId, parentSpanId: moved.spanId, isError: true });
    expect(tried.attributes["error.type"]).toBe("TypeError");
    expect(heard).toEqual([`00-${moved.traceId}-${tried.spanId}-01`]);
    expect(collector.bodies.join()).not.toMatch(/123456|4915112345678/);
  });
});

describe("the share of traces that is kept", () => {
  it("is the ratio's, of those that begin here", async () => {
    const half = openTracing({ endpoint: collector.endpoint, headers: {}, sampleRatio: 0.5, serviceName: "half" }, logger);
    const ref = (index: number) => ({ ledger: "l".repeat(20), nonce: String(index).padEnd(16, "n"), application: "half" });
    for (let index = 0; index < 400; index += 1) await half.move(ref(index), async () => {});
    await half.close();
    const kept = collector.spans.filter(({ attributes }) => attributes["countersign.application"] === "half").length;
    // Ten standard deviations to each side.
    expect(kept).toBeGreaterThan(100);
    expect(kept).toBeLessThan(300);
  });
});

describe("a collector that takes nothing", () => {
  it("holds up neither calls nor the end, and keeps no more spans than the queue has room for", async () => {
    const hanging = await startCollector();
    hanging.state.answer = "hang";
    const held = openTracing({ endpoint: hanging.endpoint, headers: {}, sampleRatio: 1, serviceName: "x" }, logger);
    const ref = { ledger: "l".repeat(20), nonce: "n".repeat(16), application: "shop" };
    const done: number[] = [];
    for (let count = 0; count < 6_000; count += 1) await held.move(ref, async () => void done.push(count));
    expect(done).toHaveLength(6_000);
    hanging.state.answer = 200;
    await held.close();
    expect(hanging.spans.length).toBeLessThanOrEqual(4_096);
    await hanging.stop();
  });
});

describe("without the setting", () => {
  it("nothing of OpenTelemetry is loaded: no import leads there that does not wait until it is asked for", () => {
    const ours = (packages: ReadonlySet<string>) => [...packages].filter((name) => name.startsWith("@opentelemetry/"));
    const served = packagesBehind("main.ts", "app.ts", "telemetry/log.ts", "config/load.ts", "assemble/open-store.ts");
    expect(ours(served)).toEqual([]);
    expect([...served]).toEqual(expect.arrayContaining(["pino", "zod", "@grpc/grpc-js"]));
    expect(ours(packagesBehind("telemetry/trace-open.ts"))).toContain("@opentelemetry/sdk-trace");
  });
});

/** What is loaded with these files: types, and imports that wait, do not count. */
function packagesBehind(...files: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: URL): void => {
    if (seen.has(file.href) || !existsSync(file) || !file.href.endsWith(".ts")) return;
    seen.add(file.href);
    const source = stripTypeScriptTypes(readFileSync(file, "utf8"));
    for (const [, specifier = ""] of source.matchAll(/^\s*(?:import|export)\b(?:[^"';()]*?\bfrom)?\s*"([^"]+)"/gm)) {
      if (specifier.startsWith(".")) visit(new URL(specifier, file));
      else packages.add(specifier);
    }
  };
  for (const file of files) visit(new URL(`../../src/${file}`, import.meta.url));
  return packages;
}
