/** Serves by one configuration and another, in turns, in a process of its own, and prints what it holds before and after. */
import { setTimeout as sleep } from "node:timers/promises";
import { startApp } from "../../src/app.ts";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { newPhone } from "./calls.ts";

/** The grace of what is under way, and some more. */
const untilClosedMs = 19_000;

const [first, second, key, times] = process.argv.slice(2) as [string, string, string, string];

function read(file: string): Config {
  const loaded = loadConfig({ env: {}, file });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

const configs = [read(first), read(second)] as const;
const log = createLog({ level: "silent" });
const app = await startApp(configs[0], log.logger);

async function send(): Promise<void> {
  const response = await fetch(`http://${app.addresses.http}/countersign.v1.CodeService/SendCode`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ recipient: { phoneNumber: newPhone() } }),
  });
  if (!response.ok) throw new Error(await response.text());
  await response.arrayBuffer();
}

async function holds(): Promise<{ heap: number; resources: Record<string, number> }> {
  for (let round = 0; round < 5; round++) {
    globalThis.gc?.();
    await sleep(50);
  }
  const resources: Record<string, number> = {};
  for (const each of process.getActiveResourcesInfo()) resources[each] = (resources[each] ?? 0) + 1;
  return { heap: process.memoryUsage().heapUsed, resources };
}

async function reload(count: number): Promise<void> {
  for (let index = 1; index <= count; index++) {
    await app.reload(configs[index % 2] as Config);
    await send();
  }
}

// Everything has been loaded and has run.
await reload(4);
const before = await holds();
await reload(Number(times));
const during = await holds();
await sleep(untilClosedMs);
const after = await holds();
process.stdout.write(JSON.stringify({ before, during, after }));
await app.close();
await log.close();
process.exit();
