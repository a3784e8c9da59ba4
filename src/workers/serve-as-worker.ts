import cluster from "node:cluster";
import type { App } from "../app.ts";
import type { Config } from "../config/config.ts";
import { createLog, type Log, type Logger } from "../telemetry/log.ts";
import { listenToSupervisor, type Supervisor } from "./listen-to-supervisor.ts";
import { unpackConfig } from "./pack-config.ts";

type Given = {
  readonly start: (config: Config, logger: Logger) => Promise<App>;
  readonly endOnCrash: (log: Log) => void;
  /** Resolves when this process itself is asked to stop. */
  readonly stopped: Promise<string>;
};

/** Serves as one of several, by the configuration that it is given. It ends when it is told to, or when nobody is left to tell it. */
export async function serveAsWorker({ start, endOnCrash, stopped }: Given): Promise<number> {
  if (!cluster.worker) throw new TypeError("this process is no worker");
  const supervisor = listenToSupervisor(process, cluster.worker);
  const { config: packed, worker } = await supervisor.started;
  const config = unpackConfig(packed);
  const log = createLog({ level: config.log.level, traced: config.tracing !== undefined, worker });
  log.thin(config.log);
  endOnCrash(log);
  try {
    const app = await start(config, log.logger);
    answer(supervisor, app, log);
    await supervisor.tell({ kind: "serving", addresses: app.addresses });
    const why = await Promise.race([stopped.then((): "signal" => "signal"), supervisor.stopped]);
    if (why === "lost") log.logger.error({ event: "supervisor_lost", message: "this worker finishes what it has begun, and ends" });
    await app.close();
    return 0;
  } catch (error) {
    await supervisor.tell({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    return 1;
  } finally {
    await log.close();
  }
}

function answer(supervisor: Supervisor, app: App, log: Log): void {
  supervisor.onMetrics(async (id) => {
    try {
      await supervisor.tell({ kind: "metrics", id, metrics: await app.readMetrics() });
    } catch (err) {
      // Whoever adds up goes on with what it had.
      log.logger.error({ event: "fault", rpc: "metrics", err });
    }
  });
  supervisor.onReload(async (id, packed) => {
    try {
      const next = unpackConfig(packed);
      await app.reload(next);
      log.thin(next.log);
      await supervisor.tell({ kind: "reloaded", id });
    } catch (error) {
      await supervisor.tell({ kind: "reloaded", id, failure: error instanceof Error ? error.message : String(error) });
    }
  });
}
