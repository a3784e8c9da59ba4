import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { startApp } from "../../src/app.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { newPhone, sendTo } from "../process/calls.ts";
import { newKey, newSecret, sampleConfig } from "../process/production-config.ts";
import { connectTo, newFolder, newSqlite } from "../process/service.ts";
import { startTwilioServer } from "../providers/twilio-server.ts";

const servers: { stop(): Promise<void> }[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

async function start() {
  const [main, spare] = await Promise.all([startTwilioServer(), startTwilioServer()]);
  servers.push(main, spare);
  const caller = newKey();
  const sample = sampleConfig({ twilio: { baseUrl: main.baseUrl } }, [caller]);
  const { url } = newSqlite();
  const file = join(newFolder(), "countersign.yaml");
  const read = (change: object): Config => {
    const twilio = sample.providers["twilio-main"];
    const document = {
      ...sample,
      store: { url },
      listen: { grpc: "127.0.0.1:0", http: "127.0.0.1:0" },
      log: { level: "silent" },
      providers: { first: twilio, second: { ...twilio, baseUrl: spare.baseUrl } },
      channels: { sms: ["first", "second"], voice: ["first"] },
      circuitBreaker: { failures: 2, openSeconds: 3600 },
      ...change,
    };
    writeFileSync(file, stringify(document), { mode: 0o600 });
    const loaded = loadConfig({ env: {}, file });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    return loaded.config;
  };
  const app = await startApp(read({}), createLog({ level: "silent" }).logger);
  onTestFinished(() => app.close());
  const { gRPC } = connectTo(app.addresses, caller.key);
  const send = async (): Promise<string> => (await gRPC.send(sendTo(newPhone()))).code;
  return { app, read, send, sample, main, spare };
}

it("a provider that is known to fail is so after a change of something else, and forgiven when it is changed itself", async () => {
  const f = await start();
  f.main.state.behaviour = { kind: "refuse", status: 500 };
  for (let index = 0; index < 4; index++) expect(await f.send()).toBe("OK");
  const asked = f.main.requests.length;
  expect(asked).toBeLessThan(4);
  await f.app.reload(f.read({ cors: { origins: ["https://new.example.com"] } }));
  for (let index = 0; index < 4; index++) expect(await f.send()).toBe("OK");
  expect(f.main.requests.length).toBe(asked);
  const twilio = { ...f.sample.providers["twilio-main"], perSecond: 7 };
  await f.app.reload(f.read({ providers: { first: twilio, second: { ...twilio, baseUrl: f.spare.baseUrl } } }));
  await f.send();
  expect(f.main.requests.length).toBe(asked + 1);
});

it("many changes at once are taken one after another, and the last one stays", async () => {
  const f = await start();
  const configs = Array.from({ length: 10 }, () => {
    const key = newKey();
    const applications = sampleConfig({ twilio: { baseUrl: f.main.baseUrl } }, [key]).applications;
    return { key, config: f.read({ applications }) };
  });
  await Promise.all(configs.map(({ config }) => f.app.reload(config)));
  const answers = await Promise.all(
    configs.map(async ({ key }) => (await connectTo(f.app.addresses, key.key).gRPC.send(sendTo(newPhone()))).code),
  );
  expect(answers).toEqual([...Array(9).fill("UNAUTHENTICATED"), "OK"]);
});

it("another ledger key is refused here too, and everything is as before", async () => {
  const f = await start();
  const secrets = { ...f.sample.secrets, ledgerKey: newSecret() };
  await expect(f.app.reload(f.read({ secrets }))).rejects.toThrow("the ledger key never changes");
  expect(await f.send()).toBe("OK");
});

it("a change while the service stops leaves nothing open", async () => {
  const f = await start();
  const reloading = f.app.reload(f.read({ cors: { origins: ["https://new.example.com"] } }));
  await Promise.all([f.app.close(), reloading]);
});
