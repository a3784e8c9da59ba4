import { beforeAll, describe, expect, it } from "vitest";
import { startTwilioServer } from "../providers/twilio-server.ts";
import type { WireClient } from "../rpc/wire-clients.ts";
import { newPhone, open, parallel, tally, verify } from "./calls.ts";
import { stores } from "./databases.ts";
import { startPatient } from "./patient-load.ts";
import { newKey } from "./production-config.ts";
import { newSqlite } from "./service.ts";
import { codeInText } from "./vendors.ts";
import { killWorker, readTotal, startWorkers, timeout, type Workers, workersConfig } from "./workers-kit.ts";

const caller = newKey();
let twilio: Awaited<ReturnType<typeof startTwilioServer>>;
const codeSentTo = (to: string): string => codeInText(twilio.requests, to);
const start = (store: string): Promise<Workers> =>
  startWorkers({ store, key: caller.key, config: workersConfig({ twilio: { baseUrl: twilio.baseUrl } }, caller) });

beforeAll(async () => {
  twilio = await startTwilioServer();
  return () => twilio.stop();
});

describe.each(stores)("two workers: $name", ({ newUrl }) => {
  it("accept one of 200 right codes that come at once", { timeout: 120_000 }, async () => {
    const service = await start(newUrl());
    for (let round = 0; round < 3; round++) {
      const to = newPhone();
      const challengeId = await open(service.many[round] as WireClient, to);
      const code = codeSentTo(to);
      expect(tally(await parallel(200, service.many, () => verify(challengeId, code)))).toEqual({ OK: 1, CODE_ALREADY_USED: 199 });
    }
    // Both had some of them.
    const workersOf = (event: string) => new Set(service.log().flatMap((line) => (line.event === event ? [line.worker] : [])));
    expect(workersOf("code_verified")).toEqual(new Set([1, 2]));
    expect(await service.stop()).toMatchObject({ code: 0, signal: null });
  });

  it("go on when one is killed under load, which is started anew, each time later", { timeout: 240_000 }, async () => {
    const service = await start(newUrl());
    const load = startPatient({ wires: service.many, codeSentTo, afterKill: true });
    // Twice, and once or twice more where no call was under way in it that could have felt it.
    for (let restartInMs = 1_000; restartInMs <= 2_000 || (load.again() === 0 && restartInMs <= 8_000); restartInMs *= 2) {
      await load.until(20);
      expect(await killWorker(service, 2)).toMatchObject({ worker: 2, signal: "SIGKILL", restartInMs });
    }
    await load.until(20);
    await load.stop();
    // It was felt, or this has shown nothing.
    expect(load.again()).toBeGreaterThan(0);
    expect(await service.stop()).toMatchObject({ code: 0, signal: null });
  });
});

it("have numbers that add up, also of one that has ended", { timeout: 120_000 }, async () => {
  const service = await start(newSqlite().url);
  const calls = 40;
  for (const wire of service.many) await parallel(calls / service.many.length, [wire], () => verify("A".repeat(36), "000000"));
  const requests = () => readTotal(service.metrics, "countersign_requests_total");
  const connections = () => readTotal(service.metrics, "countersign_connections_total");
  await expect.poll(requests, { timeout }).toBe(calls);
  const before = await connections();
  // Those of gRPC at least.
  expect(before).toBeGreaterThanOrEqual(service.many.length / 2);
  await killWorker(service, 1);
  expect(await requests()).toBe(calls);
  expect(await connections()).toBe(before);
  expect(await readTotal(service.metrics, "countersign_workers_serving")).toBe(2);
  expect(await readTotal(service.metrics, "countersign_workers_ended_total")).toBe(1);
  // Each says so of itself, and it is one service.
  expect(await readTotal(service.metrics, "countersign_build_info")).toBe(1);
  expect((await fetch(`http://${service.metrics}/readyz`)).status).toBe(200);
  // What scrapers read is of all; the workers' own listeners have none.
  expect((await fetch(`http://${service.http}/metrics`)).status).toBe(404);
});

it("have connections in turns", { timeout: 120_000 }, async () => {
  const service = await start(newSqlite().url);
  const count = 20;
  for (let sent = 0; sent < count; sent++) {
    const response = await fetch(`http://${service.http}/countersign.v1.CodeService/SendCode`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${caller.key}`, connection: "close" },
      body: JSON.stringify({ recipient: { phoneNumber: newPhone() } }),
    });
    expect(response.status).toBe(200);
    await response.arrayBuffer();
  }
  const byWorker = () =>
    [1, 2].map((worker) => service.log().filter((line) => line.event === "message_handled" && line.worker === worker).length);
  await expect.poll(() => byWorker().reduce((sum, each) => sum + each), { timeout }).toBe(count);
  // One that is held up for a moment is passed over.
  expect(Math.min(...byWorker())).toBeGreaterThanOrEqual(count / 4);
});
