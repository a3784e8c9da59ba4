import { randomUUID } from "node:crypto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace";
import type { Logger } from "./log.ts";
import { traceCalls } from "./trace-calls.ts";
import { currentTrace } from "./trace-context.ts";
import { createExporter, type ExporterSettings, exportMs } from "./trace-exporter.ts";
import { traceEvents, traceReceipts } from "./trace-receipts.ts";
import { traceGuard, traceMove, traceProvider } from "./trace-sends.ts";
import { createSpans, headersOf } from "./trace-spans.ts";
import { traceStore } from "./trace-store.ts";
import { traceVerbs } from "./trace-verbs.ts";
import type { Tracing } from "./tracing.ts";

export type TracingOptions = ExporterSettings & {
  /** Of the traces that begin here; in a caller's, the caller has decided. */
  readonly sampleRatio: number;
  readonly serviceName: string;
};

/**
 * Nothing here is registered as the process's own tracer: what makes spans is given to whoever needs it, like any other part. Whoever
 * waits for nothing is never kept waiting: spans are gathered, at most `maxQueueSize`, and dropped past that.
 */
export function openTracing({ sampleRatio, serviceName, ...collector }: TracingOptions, logger: Logger): Tracing {
  const batches = new BatchSpanProcessor({
    exporter: createExporter(collector, logger),
    maxQueueSize: 4_096,
    maxExportBatchSize: 512,
    scheduledDelayMillis: 1_000,
    exportTimeoutMillis: exportMs,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": serviceName, "service.instance.id": randomUUID() }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sampleRatio) }),
    spanLimits: { attributeValueLengthLimit: 256, attributeCountLimit: 32, eventCountLimit: 8, linkCountLimit: 8 },
    spanProcessors: [batches],
  });
  const spans = createSpans(provider.getTracer("countersign"));
  return {
    ...traceCalls(spans),
    verbs: traceVerbs,
    store: traceStore(spans),
    guard: traceGuard(spans),
    provider: traceProvider(spans),
    receipts: traceReceipts(spans),
    move: traceMove(spans),
    events: traceEvents,
    current: () => {
      const traced = currentTrace();
      return traced && headersOf(traced).traceparent;
    },
    close: () => atMost(closeMs, provider.shutdown()),
  };
}

const closeMs = 2_000;

/** Whether or not it is done by then, and whatever came of it: a collector must not hold up the end of the service. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => undefined), patience]);
  clearTimeout(timer);
}
