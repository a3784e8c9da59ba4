import type { App } from "../app.ts";
import type { MetricObject } from "../telemetry/metrics-together.ts";
import type { PackedConfig } from "./pack-config.ts";

/** What the supervisor tells a worker. What has an id is answered. */
export type ToWorker =
  | { readonly kind: "start"; readonly config: PackedConfig; readonly worker: number }
  | { readonly kind: "reload"; readonly id: number; readonly config: PackedConfig }
  | { readonly kind: "metrics"; readonly id: number }
  | { readonly kind: "stop" };

export type FromWorker =
  /** It listens to what it is told. */
  | { readonly kind: "ready" }
  | { readonly kind: "serving"; readonly addresses: App["addresses"] }
  /** It could not start, and ends. */
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "reloaded"; readonly id: number; readonly failure?: string }
  | { readonly kind: "metrics"; readonly id: number; readonly metrics: readonly MetricObject[] };

export type Answer = Extract<FromWorker, { readonly id: number }>;
