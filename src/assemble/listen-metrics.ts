import type { Config } from "../config/config.ts";
import { type HttpListener, type ListenHttpOptions, listenHttp } from "../http/listen-http.ts";
import { createMetricsRoute, type MetricsSource } from "../http/metrics.ts";
import type { Routes } from "../http/routes.ts";

type Given = Pick<ListenHttpOptions, "limits" | "gate" | "onError"> &
  Pick<Routes, "isReady"> & { readonly metrics: { readonly registry: MetricsSource } };

/** What is counted has a listener of its own, which nobody else needs to reach; in development, the one of HTTP serves it as well. */
export async function listenMetrics({ mode, listen }: Config, { metrics, isReady, ...given }: Given) {
  const answerMetrics = createMetricsRoute(metrics.registry);
  const listener: HttpListener | undefined =
    listen.metrics &&
    (await listenHttp({
      ...given,
      ...listen.metrics,
      setting: "listen.metrics",
      rpc: () => false,
      routes: () => ({ isReady, answerMetrics }),
      origins: () => new Set(),
    }));
  return { listener, routes: mode === "development" ? { answerMetrics } : {} };
}
