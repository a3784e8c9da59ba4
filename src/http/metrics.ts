import type { IncomingMessage, ServerResponse } from "node:http";

export const metricsPath = "/metrics";

export type MetricsSource = { readonly contentType: string; metrics(): Promise<string> };
export type AnswerMetrics = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The numbers in Prometheus' text format. Whoever asks while they are being written gets those, so that many readers cost what one does. */
export function createMetricsRoute(source: MetricsSource): AnswerMetrics {
  let writing: Promise<string> | undefined;
  const write = (): Promise<string> => {
    writing ??= source.metrics().finally(() => {
      writing = undefined;
    });
    return writing;
  };
  return async (request, response) => {
    if (request.method !== "GET") {
      response.writeHead(405, { allow: "GET", "content-type": "application/json; charset=utf-8" });
      response.end(`${JSON.stringify({ error: `${metricsPath} is read by GET` })}\n`);
      return;
    }
    const body = await write();
    response.writeHead(200, { "content-type": source.contentType, "content-length": Buffer.byteLength(body) });
    response.end(body);
  };
}
