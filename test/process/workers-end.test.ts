import { rmSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { newPhone, sendTo } from "./calls.ts";
import { newKey } from "./production-config.ts";
import { type Launched, launch, newSqlite, seen } from "./service.ts";
import { startSlowVendor } from "./slow-vendor.ts";
import { countOf, isAlive, pidOf, pidsOf, startWorkers, timeout, type Workers, workersConfig } from "./workers-kit.ts";

const caller = newKey();
/** Nothing is sent. */
const silent = { twilio: { baseUrl: "http://127.0.0.1:9" } };
/** Long enough for a second signal not to be taken for the first. */
const againMs = 700;

/** With a message in each worker's hands that its vendor has not answered yet. */
async function startHeld() {
  const vendor = await startSlowVendor();
  const config = workersConfig({ twilio: { baseUrl: vendor.baseUrl } }, caller);
  const service = await startWorkers({ config, store: newSqlite().url, key: caller.key });
  const calls = service.many.map((wire) =>
    wire.send(sendTo(newPhone())).then(
      ({ code }) => code,
      () => "no answer",
    ),
  );
  await vendor.holds(calls.length);
  return { vendor, service, answers: Promise.all(calls), allOk: calls.map(() => "OK") };
}

const expectNoneLeft = (service: Workers) => expect.poll(() => pidsOf(service).filter(isAlive), { timeout }).toEqual([]);

describe("several workers", { timeout: 120_000 }, () => {
  it.each(["SIGTERM", "SIGINT"] as const)("finish what is in flight at %s, and all of it ends with 0", async (signal) => {
    const { vendor, service, answers, allOk } = await startHeld();
    const stopped = service.stop(signal);
    await seen(service, "stopping");
    vendor.release();
    expect(await answers).toEqual(allOk);
    expect(await stopped).toMatchObject({ code: 0, signal: null });
    expect(service.log().at(-1)).toMatchObject({ event: "stopped" });
    expect(countOf(service, "worker_ended")).toBe(0);
    expect(service.stderr()).toBe("");
    expect(pidsOf(service).filter(isAlive)).toEqual([]);
  });

  it("end at once at the second signal", async () => {
    const { service } = await startHeld();
    const stopped = service.stop("SIGTERM");
    await seen(service, "stopping");
    await sleep(againMs);
    service.child.kill("SIGTERM");
    expect(await stopped).toMatchObject({ code: null, signal: "SIGTERM" });
    await expectNoneLeft(service);
  });

  it("finish what is in flight, and end, when who started them is gone", async () => {
    const { vendor, service, answers, allOk } = await startHeld();
    expect(pidsOf(service).filter(isAlive)).toHaveLength(2);
    service.child.kill("SIGKILL");
    await expect.poll(() => countOf(service, "supervisor_lost"), { timeout }).toBe(2);
    vendor.release();
    expect(await answers).toEqual(allOk);
    await expectNoneLeft(service);
  });

  it("are one less for as long as one takes that was asked to stop by itself", async () => {
    const { vendor, service, answers, allOk } = await startHeld();
    process.kill(pidOf(service, 1), "SIGTERM");
    vendor.release();
    expect(await answers).toEqual(allOk);
    await expect.poll(() => countOf(service, "worker_started"), { timeout }).toBe(3);
    expect(service.log().find(({ event }) => event === "worker_ended")).toMatchObject({ worker: 1, exitCode: 0, signal: null });
  });

  it("give up, with the reason, when nobody serves and nobody can be started", async () => {
    const { path, url } = newSqlite();
    const service = await startWorkers({ config: workersConfig(silent, caller), store: url, key: caller.key });
    rmSync(dirname(path), { recursive: true, force: true });
    for (const pid of pidsOf(service)) process.kill(pid, "SIGKILL");
    expect(await service.exited).toMatchObject({ code: 1, signal: null });
    expect(service.stderr()).toMatch(/^countersign cannot start: store\.url \(COUNTERSIGN_STORE_URL\): [^\n]+\n$/);
    const waits = service.log().flatMap((line) => (line.worker === 1 && line.restartInMs !== undefined ? [line.restartInMs] : []));
    expect(waits.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
    await expectNoneLeft(service);
  });
});

describe("what several workers cannot start with reads as for one process", { timeout: 120_000 }, () => {
  const launchBoth = (change: (config: ReturnType<typeof workersConfig>) => object, env: Record<string, string>): Launched[] =>
    [1, 2].map((workers) => launch({ config: change(workersConfig(silent, caller, workers)), env }));
  const expectSame = async (launched: readonly Launched[], line: RegExp): Promise<void> => {
    for (const { exited } of launched) expect(await exited).toMatchObject({ code: 1, signal: null });
    const [one, several] = launched.map(({ stderr }) => stderr());
    expect(several).toMatch(line);
    expect(several).toBe(one);
  };

  it.each(["COUNTERSIGN_GRPC_ADDR", "COUNTERSIGN_HTTP_ADDR"])("a port in use: %s", async (variable) => {
    const address = await takePort();
    const launched = launchBoth((config) => config, { COUNTERSIGN_STORE_URL: newSqlite().url, [variable]: address });
    await expectSame(launched, /^countersign cannot start: listen\.(grpc|http) [^\n]+ is in use by another process; stop it[^\n]+\n$/);
  });

  it("the port of the metrics in use", async () => {
    const metrics = await takePort();
    const launched = launchBoth((config) => ({ ...config, listen: { metrics } }), { COUNTERSIGN_STORE_URL: newSqlite().url });
    await expectSame(launched, /^countersign cannot start: listen\.metrics: [^\n]+ is in use by another process; [^\n]+\n$/);
  });

  it("a store that cannot be opened", async () => {
    const launched = launchBoth((config) => config, { COUNTERSIGN_STORE_URL: "sqlite:/nowhere/at/all.db" });
    await expectSame(launched, /^countersign cannot start: store\.url \(COUNTERSIGN_STORE_URL\): [^\n]+\n$/);
  });

  it("a configuration that is wrong", async () => {
    const launched = launchBoth((config) => ({ ...config, channels: { sms: ["nobody"] } }), {});
    await expectSame(launched, /nobody/);
  });
});

async function takePort(): Promise<string> {
  const server = createServer();
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("a TCP server has a port");
  return `127.0.0.1:${address.port}`;
}
