import { ExportResultCode } from "@opentelemetry/core";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import type { Logger } from "./log.ts";

export type ExporterSettings = {
  /** With its path. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
};

/** For one batch, tries and waits included; meanwhile the next ones gather. */
export const exportMs = 5_000;

/** Gives spans to the collector, and tells once that it does not take them, and once that it does again. */
export function createExporter({ endpoint, headers }: ExporterSettings, logger: Logger): SpanExporter {
  const exporter = new OTLPTraceExporter({ url: endpoint, headers: { ...headers }, timeoutMillis: exportMs, concurrencyLimit: 4 });
  let lost = false;
  const report = (isLost: boolean, cause?: unknown): void => {
    if (lost === isLost) return;
    lost = isLost;
    if (isLost) logger.warn({ event: "trace_collector_lost", err: cause });
    else logger.info({ event: "trace_collector_back" });
  };
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        report(result.code !== ExportResultCode.SUCCESS, result.error);
        done(result);
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}
