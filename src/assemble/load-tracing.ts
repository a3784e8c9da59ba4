import type { Config } from "../config/config.ts";
import type { Logger } from "../telemetry/log.ts";
import { noTracing, type Tracing } from "../telemetry/tracing.ts";

/** What makes traces is loaded only where they are asked for: it takes as long as half of the rest. */
export async function loadTracing({ tracing }: Pick<Config, "tracing">, logger: Logger): Promise<Tracing> {
  if (!tracing) return noTracing;
  const { openTracing } = await import("../telemetry/trace-open.ts");
  return openTracing(tracing, logger);
}
