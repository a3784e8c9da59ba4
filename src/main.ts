import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import type { App } from "./app.ts";
import type { Config } from "./config/config.ts";
import type { Log, Logger } from "./telemetry/log.ts";

/** Exit codes: 0 after an orderly stop, 1 when the service cannot start, 2 for a command that is not understood. */
async function main(args: readonly string[]): Promise<number> {
  if (args.length > 0) {
    const { runCommand } = await import("./commands/run-command.ts");
    return runCommand(args, {
      stdout: (text) => process.stdout.write(text),
      stderr: (text) => process.stderr.write(text),
      env: process.env,
      terminal: process.stderr.isTTY ? process.stderr : undefined,
    });
  }
  return serve();
}

async function serve(): Promise<number> {
  const stopped = stopSignal();
  const [{ loadConfig }, { formatProblem }, { createLog }] = await Promise.all([
    import("./config/load.ts"),
    import("./config/problem.ts"),
    import("./telemetry/log.ts"),
  ]);
  const loaded = loadConfig({ env: process.env });
  if (!loaded.ok) return fail(loaded.problems.map(formatProblem).join("\n"));
  const { config } = loaded;
  const log = createLog({ level: config.log.level });
  endOnCrash(log);
  for (const warning of loaded.warnings) log.logger.warn({ event: "configuration_warning", warning: formatProblem(warning) });
  try {
    const app = await start(config, log.logger);
    if (config.mode === "development") process.stdout.write(welcome(app.addresses));
    log.logger.info({ event: "started", mode: config.mode, store: config.store.kind, ...app.addresses });
    log.logger.info({ event: "stopping", signal: await stopped });
    await app.close();
    log.logger.info({ event: "stopped" });
    return 0;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  } finally {
    await log.close();
  }
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

/** Watched for from the first moment, so that a stop while starting is not lost. The second signal ends the process at once. */
function stopSignal(): Promise<string> {
  const signals = ["SIGTERM", "SIGINT"] as const;
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
if (args.length === 0) process.exit();
