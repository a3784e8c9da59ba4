/** The service as `src/main.ts` starts it, but without the proofs that VerifyCode signs: the difference is what they cost. */
import { startApp } from "../src/app.ts";
import { loadConfig } from "../src/config/load.ts";
import { createLog } from "../src/telemetry/log.ts";

const loaded = loadConfig({ env: process.env });
if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join("\n"));
const log = createLog({ level: loaded.config.log.level });
const app = await startApp({ ...loaded.config, proofs: undefined }, log.logger);
log.logger.info({ event: "started", ...app.addresses });

process.once("SIGTERM", async () => {
  await app.close();
  await log.close();
});
