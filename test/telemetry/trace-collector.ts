/** What a collector of OpenTelemetry's takes: OTLP over HTTP, in JSON. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

type Value = { readonly stringValue?: string; readonly intValue?: number | string; readonly boolValue?: boolean };
type KeyValue = { readonly key: string; readonly value: Value };
type WireSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes?: readonly KeyValue[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code?: number };
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
};
type Body = {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
};

export type SeenSpan = Omit<WireSpan, "attributes" | "kind"> & {
  readonly kind: "INTERNAL" | "SERVER" | "CLIENT" | "other";
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly isError: boolean;
};

const kinds = { 1: "INTERNAL", 2: "SERVER", 3: "CLIENT" } as const;

export type Collector = Awaited<ReturnType<typeof startCollector>>;

/** `answer` is the status of the next answers; "hang" takes requests and says nothing. */
export async function startCollector(port = 0) {
  const seen = { spans: [] as SeenSpan[], resources: [] as Record<string, unknown>[], bodies: [] as string[], headers: [] as unknown[] };
  const state: { answer: number | "hang" } = { answer: 200 };
  const server: Server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    seen.headers.push(request.headers);
    if (state.answer === "hang") return;
    if (state.answer === 200 && request.url === "/v1/traces") {
      seen.bodies.push(body);
      for (const { resource, scopeSpans } of (JSON.parse(body) as Body).resourceSpans) {
        seen.resources.push(valuesOf(resource.attributes));
        seen.spans.push(...scopeSpans.flatMap(({ spans }) => spans.map(spanOf)));
      }
    }
    response.writeHead(state.answer, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const { port: bound } = server.address() as AddressInfo;
  return {
    ...seen,
    state,
    port: bound,
    endpoint: `http://127.0.0.1:${bound}/v1/traces`,
    ofTrace: (traceId: string): SeenSpan[] => seen.spans.filter((span) => span.traceId === traceId),
    /** The first span that is as wanted, waited for. */
    span: (wanted: (span: SeenSpan) => boolean): Promise<SeenSpan> => found(() => seen.spans.find(wanted)),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function found<T>(look: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 600; tries += 1) {
    const value = look();
    if (value !== undefined) return value;
    await sleep(50);
  }
  throw new Error("no such span has come");
}

const spanOf = (span: WireSpan): SeenSpan => ({
  ...span,
  kind: kinds[span.kind as keyof typeof kinds] ?? "other",
  attributes: valuesOf(span.attributes ?? []),
  isError: span.status?.code === 2,
});

const valuesOf = (attributes: readonly KeyValue[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

/** A caller's own trace, sampled or not. */
export function newTraceparent(sampled = true): { readonly traceId: string; readonly spanId: string; readonly traceparent: string } {
  const traceId = hex(16);
  const spanId = hex(8);
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${sampled ? "01" : "00"}` };
}

const hex = (bytes: number): string => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");
