import type { Registry } from "prom-client";
import { createWorkersMetrics } from "../../src/telemetry/metric-workers.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { code, generatedBy, page, table } from "./markdown.ts";

type Described = { readonly name: string; readonly help: string; readonly type: string; readonly labelNames: readonly string[] };

const introduction = `What \`/metrics\` serves ([how to have it, and what to do with it](../metrics.md)). Times are seconds, sizes bytes. A histogram has \`_bucket\` (by \`le\`), \`_sum\` and \`_count\`.
Labels hold names of your configuration and words of the code: never a recipient, a challenge, or anything else that a caller writes.`;

/** Every metric that the service has of its own, from the registries that it counts in. */
export function writeMetrics(): string {
  const { registry } = createMetrics(() => 0);
  const described = describedIn(registry);
  const names = new Set(described.map(({ name }) => name));
  const ofWorkers = describedIn(createWorkersMetrics(() => 0).registry).filter(({ name }) => !names.has(name));
  const own = [...described, ...ofWorkers].filter(({ name }) => name.startsWith("countersign_"));
  return page([
    "# Metrics",
    generatedBy("the registry (`src/telemetry/metrics.ts`)"),
    introduction,
    table(
      ["Metric", "Kind", "Labels", "Meaning"],
      own.map(({ name, type, labelNames, help }) => [
        code(name),
        type,
        labelNames
          .filter((label) => label !== "le")
          .map(code)
          .join(", "),
        help,
      ]),
    ),
    "Besides these there are those of the process (`process_*`, `nodejs_*`: processor, memory, open files, garbage collection, event-loop delay), under the names that dashboards for Node know.",
  ]);
}

const describedIn = (registry: Registry): readonly Described[] => registry.getMetricsAsArray() as unknown as readonly Described[];
