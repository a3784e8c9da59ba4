import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTwilioServer } from "../providers/twilio-server.ts";
import { type Acknowledged, expectKept, startLoad } from "./load.ts";
import { newKey, sampleConfig } from "./production-config.ts";
import { newSqlite, startService } from "./service.ts";
import { codeInText } from "./vendors.ts";

/** A command that starts (`up`, which prints a URL), stops (`down`) and kills (`crash`) a database of its own on COUNTERSIGN_MONGODB_PORT. */
const engine = process.env.COUNTERSIGN_TEST_MONGODB_ENGINE ?? "";
const hasEngine = existsSync(engine);
if (!hasEngine)
  process.stderr.write("\n!!! The crash of a MongoDB server is NOT TESTED: COUNTERSIGN_TEST_MONGODB_ENGINE names no command.\n\n");

let twilio: Awaited<ReturnType<typeof startTwilioServer>>;
beforeAll(async () => {
  twilio = await startTwilioServer();
});
afterAll(() => twilio.stop());

/** Codes are read from what the vendor got: they outlive the process that sent them. */
const codeSentTo = (to: string): string => codeInText(twilio.requests, to);

function newConfig() {
  const caller = newKey();
  return { key: caller.key, config: sampleConfig({ twilio: { baseUrl: twilio.baseUrl } }, [caller]) };
}

describe("kill -9 of the service in the middle of a load, on SQLite", () => {
  it("loses nothing that was acknowledged, and accepts no code twice", async () => {
    const options = { ...newConfig(), store: newSqlite().url };
    const all: Acknowledged[] = [];
    for (const killAfter of [20, 60, 120]) {
      const service = await startService(options);
      const load = startLoad({ wires: [service.gRPC, service.JSON], codeSentTo });
      await expect.poll(() => load.acknowledged.length, { timeout: 10_000, interval: 1 }).toBeGreaterThan(killAfter);
      await service.stop("SIGKILL");
      await load.stop();
      all.push(...load.acknowledged);
    }
    const service = await startService(options);
    await expectKept(all, service.wires);
    expectMeaningful(all);
  });
});

describe.skipIf(!hasEngine)("a crash of MongoDB in the middle of a load", () => {
  const run = async (command: string): Promise<string> => {
    const { stdout } = await promisify(execFile)(engine, [command], { env: { ...process.env, COUNTERSIGN_MONGODB_PORT: "28117" } });
    return stdout.trim();
  };
  let url: string;
  beforeAll(async () => {
    url = (await run("up")).replace("/?", `/countersign_test_${randomBytes(6).toString("hex")}?`);
  });
  afterAll(() => run("down"));

  it("loses nothing that was acknowledged, accepts no code twice, and needs no restart", async ({ annotate }) => {
    const service = await startService({ ...newConfig(), store: url });
    const all: Acknowledged[] = [];
    for (const crashAfter of [30, 80]) {
      const load = startLoad({ wires: [service.gRPC, service.JSON], codeSentTo });
      await expect.poll(() => load.acknowledged.length, { timeout: 10_000, interval: 1 }).toBeGreaterThan(crashAfter);
      await run("crash");
      await sleep(300);
      expect((await fetch(`http://${service.http}/readyz`)).status).toBe(503);
      await run("up");
      const up = performance.now();
      await expect.poll(async () => (await fetch(`http://${service.http}/readyz`)).status, { timeout: 10_000, interval: 20 }).toBe(200);
      await annotate(`ready ${Math.round(performance.now() - up)} ms after the database`);
      await load.stop();
      all.push(...load.acknowledged);
    }
    await expectKept(all, service.wires);
    expectMeaningful(all);
    expect(service.log().filter(({ event }) => event === "fault")).toEqual([]);
    expect(await service.stop()).toMatchObject({ code: 0 });
  });
});

/** That the load did reach each kind of thing that could be lost. */
function expectMeaningful(all: readonly Acknowledged[]): void {
  expect(all.filter(({ accepted }) => accepted > 0).length).toBeGreaterThan(20);
  expect(all.filter(({ mismatches }) => mismatches > 0).length).toBeGreaterThan(20);
  expect(all.filter(({ accepted, unanswered }) => accepted + unanswered.right === 0).length).toBeGreaterThan(20);
}
