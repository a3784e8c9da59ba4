import cluster from "node:cluster";
import { Registry } from "prom-client";
import { listenMetrics } from "../assemble/listen-metrics.ts";
import { openBounds } from "../assemble/open-bounds.ts";
import type { Config } from "../config/config.ts";
import type { Loaded } from "../config/load.ts";
import { startReloading } from "../config/reload.ts";
import type { Log, Logger } from "../telemetry/log.ts";
import { createWorkersMetrics } from "../telemetry/metric-workers.ts";
import { addTogether } from "../telemetry/metrics-together.ts";
import { createCrew } from "./create-crew.ts";

export type Supervising = {
  readonly loaded: Loaded & { readonly ok: true };
  readonly load: () => Loaded;
  readonly log: Log;
  /** Resolves with the first signal that asks for the end. */
  readonly stopped: Promise<string>;
  /** Calls back at each SIGHUP, also for one that came before. */
  readonly hangUps: { passTo(ask: () => void): void };
};

/** Wall-clock time as of the start of this process, which is near enough for when a configuration was taken. */
const now = (): number => performance.timeOrigin + performance.now();

/**
 * Serves by processes of its own, and serves nothing by itself but their numbers. Rejects when they cannot be started, as does a
 * service of one process.
 */
export async function supervise({ loaded, load, log, stopped, hangUps }: Supervising): Promise<void> {
  const { config } = loaded;
  const { logger } = log;
  // In turns; left to the operating system, one would get most of the connections.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ args: [], serialization: "advanced" });
  const metrics = createWorkersMetrics(now);
  const { crew, writeMetrics } = createCountedCrew(config, { logger, metrics });
  const listening = await listenNumbers(config, { isReady: async () => crew.serving() > 0, writeMetrics, logger });
  try {
    const served = await Promise.race([crew.start(), stopped]);
    if (typeof served === "object") {
      if (!served.ok) throw new Error(served.message);
      const addresses = { ...served.addresses, ...listening.addresses };
      logger.info({ event: "started", mode: config.mode, store: config.store.kind, ...addresses, workers: config.workers });
    }
    const apply = async (next: Config): Promise<void> => {
      await crew.reload(next);
      logger.level = next.log.level;
      log.thin(next.log);
    };
    const reloader = startReloading({ started: loaded, load, apply, logger, onReload: metrics.reloaded });
    hangUps.passTo(reloader.ask);
    const why = await Promise.race([stopped, crew.hopeless.then((message) => ({ message }))]);
    reloader.stop();
    if (typeof why === "object") throw new Error(why.message);
    logger.info({ event: "stopping", signal: why });
    await crew.stop();
    logger.info({ event: "stopped" });
  } finally {
    await crew.stop();
    await listening.close();
  }
}

type Counted = { readonly logger: Logger; readonly metrics: ReturnType<typeof createWorkersMetrics> };

function createCountedCrew(config: Config, { logger, metrics }: Counted) {
  const together = addTogether();
  const crew = createCrew(config, {
    logger,
    onChange: metrics.setServing,
    onEnded(worker) {
      metrics.countEnded();
      void together.end(worker);
    },
  });
  const writeMetrics = async (): Promise<string> => {
    await crew.readMetrics(together.set);
    return together.write(metrics.registry);
  };
  return { crew, writeMetrics };
}

type Numbers = {
  readonly isReady: () => Promise<boolean>;
  readonly writeMetrics: () => Promise<string>;
  readonly logger: Pick<Logger, "error">;
};

async function listenNumbers(config: Config, { isReady, writeMetrics, logger }: Numbers) {
  // Scrapers are few: their connections are bounded, and not counted.
  const uncounted = { countConnections: <Gate>(_: string, gate: Gate) => gate, countShed: (isFull: () => boolean) => isFull };
  const { listener } = await listenMetrics(config, {
    ...openBounds(config, uncounted).metrics(),
    metrics: { registry: { contentType: Registry.PROMETHEUS_CONTENT_TYPE, metrics: writeMetrics } },
    isReady,
    onError: (err) => logger.error({ event: "fault", rpc: "metrics", err }),
  });
  const { address, family, port } = listener?.address ?? { address: "", family: "", port: 0 };
  return {
    addresses: listener && { metrics: family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}` },
    close: async () => listener?.close(graceMs),
  };
}

const graceMs = 1_000;
