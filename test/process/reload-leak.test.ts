import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { startTwilioServer } from "../providers/twilio-server.ts";
import { newKey, sampleConfig } from "./production-config.ts";
import { newFolder, newSqlite } from "./service.ts";

const times = 200;
const script = fileURLToPath(new URL("reload-many.ts", import.meta.url));

type Held = { readonly heap: number; readonly resources: Readonly<Record<string, number>> };

it(`${times} reloads in a row leave nothing behind: no timer, socket or memory`, { timeout: 240_000 }, async () => {
  const twilio = await startTwilioServer();
  onTestFinished(() => twilio.stop());
  const key = newKey();
  const folder = newFolder();
  const sample = sampleConfig({ twilio: { baseUrl: twilio.baseUrl }, smtp: { port: 9, ca: "" } }, [key]);
  const { ca: _, ...mail } = sample.providers.mail ?? {};
  const config = (name: string): string => {
    const file = join(folder, `${name}.yaml`);
    // Another secret and another time-out, so that each reload opens every provider and every check anew.
    const document = {
      ...sample,
      store: newSqlite(),
      listen: { grpc: "127.0.0.1:0", http: "127.0.0.1:0" },
      log: { level: "silent" },
      captchas: { vendor: { kind: "turnstile", secret: `${name}-secret` }, work: { kind: "proof_of_work" } },
      providers: {
        "twilio-main": { ...sample.providers["twilio-main"], perSecond: name === "one" ? 900 : 901 },
        mail: { ...mail, perSecond: name === "one" ? 900 : 901 },
      },
    };
    writeFileSync(file, stringify({ ...document, store: { url: document.store.url } }), { mode: 0o600 });
    return file;
  };
  const args = ["--expose-gc", script, config("one"), config("two"), key.key, String(times)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 230_000 });
  const { before, during, after } = JSON.parse(stdout) as Record<"before" | "during" | "after", Held>;
  // While calls of the last configurations may be under way, their parts are there: or this has not looked at the right things.
  expect(during.resources.Timeout).toBeGreaterThan((before.resources.Timeout ?? 0) + 20);
  for (const [name, count] of Object.entries(after.resources)) expect(count, name).toBeLessThanOrEqual((before.resources[name] ?? 0) + 2);
  expect(after.heap - before.heap).toBeLessThan(5 * 2 ** 20);
});
