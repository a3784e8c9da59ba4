import cluster from "node:cluster";
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import type { App } from "./app.ts";
import type { Config } from "./config/config.ts";
import type { Environment } from "./config/environment.ts";
import type { Log, Logger } from "./telemetry/log.ts";
import type { Supervising } from "./workers/supervise.ts";

/** Exit codes: 0 after an orderly stop, 1 when the service cannot start; those of the commands are in commands/command.ts. */
async function main(args: readonly string[]): Promise<number> {
  if (args.length === 0) return serve(process.env);
  const [{ runCommand }, { createProcessIo }] = await Promise.all([
    import("./commands/run-command.ts"),
    import("./commands/process-io.ts"),
  ]);
  return runCommand(args, createProcessIo({ env: process.env, serve }));
}

let hasServed = false;

async function serve(env: Environment): Promise<number> {
  hasServed = true;
  const stopped = stopSignal(isAtTerminal(env) ? [...stopSignals, "SIGHUP"] : stopSignals);
  const hangUps = watchHangUps();
  if (cluster.isWorker) return (await import("./workers/serve-as-worker.ts")).serveAsWorker({ start, endOnCrash, stopped });
  const [{ loadConfig }, { formatProblem }, { createLog }, { createLineWriter }] = await Promise.all([
    import("./config/load.ts"),
    import("./config/problem.ts"),
    import("./telemetry/log.ts"),
    import("./telemetry/line-writer.ts"),
  ]);
  const load = () => loadConfig({ env });
  const loaded = load();
  if (!loaded.ok) return fail(loaded.problems.map(formatProblem).join("\n"));
  const { config } = loaded;
  const writer = createLineWriter({ shared: config.workers > 1 });
  const log = createLog({ level: config.log.level, traced: config.tracing !== undefined, writer });
  log.thin(config.log);
  endOnCrash(log);
  for (const warning of loaded.warnings) log.logger.warn({ event: "configuration_warning", warning: formatProblem(warning) });
  try {
    const serveIt = config.workers > 1 ? (await import("./workers/supervise.ts")).supervise : serveAlone;
    await serveIt({ loaded, load, log, stopped, hangUps });
    return 0;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  } finally {
    await log.close();
  }
}

async function serveAlone({ loaded, load, log, stopped, hangUps }: Supervising): Promise<void> {
  const { config } = loaded;
  const { startReloading } = await import("./config/reload.ts");
  const app = await start(config, log.logger);
  if (config.mode === "development") process.stdout.write(welcome(app.addresses));
  log.logger.info({ event: "started", mode: config.mode, store: config.store.kind, ...app.addresses });
  const apply = async (next: Config): Promise<void> => {
    await app.reload(next);
    log.thin(next.log);
  };
  const reloader = startReloading({ started: loaded, load, apply, logger: log.logger, onReload: app.onReload });
  hangUps.passTo(reloader.ask);
  log.logger.info({ event: "stopping", signal: await stopped });
  reloader.stop();
  await app.close();
  log.logger.info({ event: "stopped" });
}

/** The store opens, in its thread or over the network, while the rest of the program is still being loaded. */
async function start(config: Config, logger: Logger): Promise<App> {
  const { openStore } = await import("./assemble/open-store.ts");
  const opening = await openStore(config);
  const { startApp } = await import("./app.ts");
  return startApp(config, logger, opening);
}

/** One Ctrl-C can arrive twice: from the terminal, and from npm, which passes it on. */
const sameSignalMs = 500;

const stopSignals = ["SIGTERM", "SIGINT"] as const;

/** There is no file to read again, and a hang-up says that the terminal was closed. Not asked of workers, which get no signal of it. */
const isAtTerminal = (env: Environment): boolean => !env.COUNTERSIGN_CONFIG && process.stdout.isTTY;

/** Watched for from the first moment, so that a stop while starting is not lost. The second signal ends the process at once. */
function stopSignal(signals: readonly NodeJS.Signals[]): Promise<string> {
  return new Promise((resolve) => {
    const watchNoMore = (): void => {
      for (const each of signals) process.off(each, stop);
    };
    const stop = (signal: string): void => {
      resolve(signal);
      setTimeout(watchNoMore, sameSignalMs).unref();
    };
    for (const each of signals) process.on(each, stop);
  });
}

/** Node would end the process. Watched for from the first moment; one that comes while starting is passed on later. */
function watchHangUps(): { passTo(ask: () => void): void } {
  let ask = (): void => {
    hasCome = true;
  };
  let hasCome = false;
  process.on("SIGHUP", () => ask());
  return {
    passTo(next) {
      ask = next;
      if (hasCome) next();
    },
  };
}

/** Node would print the error with all that hangs on it, such as a vendor's request with the code in it. */
function endOnCrash({ logger, close }: Log): void {
  process.once("uncaughtException", (error) => {
    logger.fatal({ event: "crashed", err: error });
    void close().finally(() => process.exit(1));
  });
}

function fail(message: string): number {
  process.stderr.write(`countersign cannot start: ${message}\n`);
  return 1;
}

function welcome({ grpc, http }: App["addresses"]): string {
  const call = (method: string, body: string) =>
    `curl -s http://${http}/countersign.v1.CodeService/${method} -H 'content-type: application/json' -d '${body}'`;
  return `Countersign in development mode: no key needed, every message lands in the inbox, nothing leaves this machine.

  1. Send a code     ${call("SendCode", '{"recipient":{"phoneNumber":"+14155552671"}}')}
  2. Read it         curl -s 'http://${http}/dev/inbox?to=+14155552671'
  3. Verify it       ${call("VerifyCode", '{"challengeId":"…","code":"…"}')}

Or open http://${http} in a browser. gRPC, with reflection, on ${grpc}: grpcurl -plaintext ${grpc} describe countersign.v1.CodeService

`;
}

const args = process.argv.slice(2);
// Kept beside the code, so that only whoever can change the code can change what runs; without a place to write, nothing is kept.
enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/countersign", import.meta.url)));
process.exitCode = await main(args);
// A log that nobody reads leaves a write behind that would keep the process for ever.
if (hasServed) process.exit();
