/**
 * Twilio Verify's v2 Verifications and VerificationCheck, answered by Countersign: `npm run twilio-verify`. A process of its own,
 * a client of the service; docs/moving-from-twilio-verify.md says how callers move. Its settings, all in the environment:
 *
 * ADAPTER_ACCOUNTS         a file (YAML or JSON): who may call, and the Countersign key of each Verify service. Required; accounts.ts has its form.
 * ADAPTER_SECRET           at least 32 random bytes as base64 (`openssl rand -base64 32`), the same for all replicas. Required with a store that lasts.
 * ADAPTER_STORE_URL        which challenge a verification is: `sqlite:PATH` (processes on one machine), `mongodb://…/DATABASE` (any number of
 *                          replicas), or `sqlite::memory:`, the default: one process, pending verifications are forgotten when it stops.
 * ADAPTER_ADDR             where to listen, `HOST:PORT`; default 127.0.0.1:8090. Plaintext: put a TLS-terminating proxy in front.
 * ADAPTER_COUNTERSIGN_URL  the service's HTTP listener; default http://127.0.0.1:8080.
 * ADAPTER_PUBLIC_URL       what callers call it, for `url` in answers; default http://ADAPTER_ADDR.
 * ADAPTER_IGNORE           parameters that Countersign does not offer and that are to be dropped, not refused, such as `TemplateSid,SendDigits`.
 * ADAPTER_RATE_LIMIT_IP, ADAPTER_RATE_LIMIT_DEVICE   names of the Programmable Rate Limits whose values are the end user's address and device.
 * ADAPTER_LOG_LEVEL        default info.
 */
import { createLog } from "../../src/telemetry/log.ts";
import { createCountersign } from "./countersign.ts";
import { createCrypt } from "./records.ts";
import { listen } from "./server.ts";
import { readSettings } from "./settings.ts";
import { openRecordStore } from "./store.ts";

async function main(): Promise<number> {
  const stopped = new Promise<string>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => resolve(signal));
  });
  const read = readSettings(process.env);
  if (!read.ok) return fail(read.problems.join("\n"));
  const { settings } = read;
  const log = createLog({ level: settings.logLevel });
  const { logger } = log;
  try {
    const now = Date.now;
    const store = await openRecordStore(settings.storeUrl, now);
    if (settings.storeUrl === "sqlite::memory:") logger.warn({ event: "store_in_memory", advice: "set ADAPTER_STORE_URL in production" });
    const service = { now, store, crypt: createCrypt(settings.secret), countersign: createCountersign(settings.countersignUrl) };
    const listener = await listen({ ...settings, service, logger });
    logger.info({ event: "started", address: listener.address, countersign: settings.countersignUrl });
    logger.info({ event: "stopping", signal: await stopped });
    await listener.close();
    await store.close();
    return 0;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  } finally {
    await log.close();
  }
}

function fail(message: string): number {
  process.stderr.write(`the adapter cannot start: ${message}\n`);
  return 1;
}

process.exitCode = await main();
// Connections that the service keeps open for the next call would keep the process.
process.exit();
