import { writeFileSync } from "node:fs";
import http from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { createGrpcWire } from "../rpc/wire-grpc.ts";
import { newPhone, open, parallel, sendTo, tally } from "./calls.ts";
import { checkHealth, watchHealth } from "./health.ts";
import { newKey, sampleConfig } from "./production-config.ts";
import { freePort, launch, newFolder, newSqlite, type Service, seen, startService } from "./service.ts";
import { startSlowVendor } from "./slow-vendor.ts";

/** Long enough for a second signal not to be taken for the first. */
const againMs = 700;

/** Those who are connected and ask for nothing. */
const idlers: Record<string, (service: Service) => Promise<void>> = {
  "an HTTP connection kept open": async ({ http: address }) => {
    const agent = new http.Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    expect(await get(`http://${address}/healthz`, agent)).toBe(200);
  },
  "a gRPC channel kept open": async ({ gRPC }) => void (await open(gRPC, newPhone())),
  "an HTTP connection that never asked": async ({ http: address }) => connectSilently(address),
  "a gRPC connection that never greeted": async ({ grpc }) => connectSilently(grpc),
  "a watcher of its health": async ({ grpc }) => {
    const watching = watchHealth(grpc);
    await expect.poll(() => watching.seen).toEqual(["SERVING"]);
  },
};

describe.each(["SIGTERM", "SIGINT"] as const)("%s", (signal) => {
  it("finishes what is in flight, takes no more, and exits with 0", async () => {
    const { service, vendor, key } = await startWithSlowVendor();
    const health = watchHealth(service.grpc);
    await expect.poll(() => health.seen).toEqual(["SERVING"]);
    const calls = [service.gRPC.send(sendTo(newPhone())), service.JSON.send(sendTo(newPhone()))];
    const raw = await speak(service.http, postRequest(newPhone(), key));
    const asking = await speak(service.http, "GET /readyz HTTP/1.1\r\nhost: x\r\n");
    await vendor.holds(3);
    const stopped = service.stop(signal);
    await seen(service, "stopping");
    // A balancer that was in the middle of asking is told; one that connects anew is refused.
    asking.socket.write("\r\n");
    await expect.poll(asking.text).toMatch(/^HTTP\/1\.1 503 /);
    await expect.poll(() => health.seen).toEqual(["SERVING", "NOT_SERVING"]);
    await expect(connects(service.http)).resolves.toBe(false);
    await expect(connects(service.grpc)).resolves.toBe(false);
    const released = performance.now();
    vendor.release();
    expect((await Promise.all(calls)).map(({ code }) => code)).toEqual(["OK", "OK"]);
    expect(await stopped).toMatchObject({ code: 0, signal: null });
    expect(performance.now() - released).toBeLessThan(2_000);
    // Answered in full, and told not to ask again on this connection.
    expect(raw.text()).toMatch(/^HTTP\/1\.1 200 [\s\S]*connection: close[\s\S]*CHALLENGE_STATE_PENDING/i);
    expect(service.log().at(-1)).toMatchObject({ event: "stopped" });
    expect(service.stderr()).toBe("");
  });

  it("and then the other signal ends it at once", async () => {
    const second = signal === "SIGTERM" ? "SIGINT" : "SIGTERM";
    const { service, vendor } = await startWithSlowVendor();
    const call = service.JSON.send(sendTo(newPhone())).catch(() => "cut off");
    await vendor.holds(1);
    service.child.kill(signal);
    await sleep(againMs);
    const { signal: endedBy, ms } = await service.stop(second);
    expect(endedBy).toBe(second);
    expect(ms).toBeLessThan(1_000);
    expect(await call).toBe("cut off");
  });
});

describe("stopping", () => {
  it.each(Object.entries(idlers))("is not held up by %s", async (_, idle) => {
    const service = await startService({ store: newSqlite().url });
    await idle(service);
    const { code, ms } = await service.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(1_500);
  });

  it("ends at once when it is asked again the same", async () => {
    const { service, vendor } = await startWithSlowVendor();
    void service.gRPC.send(sendTo(newPhone()));
    await vendor.holds(1);
    service.child.kill("SIGTERM");
    await sleep(againMs);
    expect(await service.stop("SIGTERM")).toMatchObject({ signal: "SIGTERM" });
  });

  it("takes a signal that arrives twice, as from npm, for one", async () => {
    const { service, vendor } = await startWithSlowVendor();
    const call = service.gRPC.send(sendTo(newPhone()));
    await vendor.holds(1);
    service.child.kill("SIGINT");
    // Two of one kind could become one on the way.
    const stopped = service.stop("SIGTERM");
    vendor.release();
    expect((await call).code).toBe("OK");
    expect(await stopped).toMatchObject({ code: 0 });
  });
});

describe("a defect that nobody catches", () => {
  it("ends the process, and what hangs on the error is not told", async () => {
    const error = 'Object.assign(new Error("a defect"), { request: { to: "+4915112345678", body: "0123456789 is your code" } })';
    const script = `import { isMainThread } from "node:worker_threads"; if (isMainThread) process.once("SIGUSR2", () => { throw ${error}; });`;
    const preload = join(newFolder(), "defect.mjs");
    writeFileSync(preload, script);
    const service = await startService({ env: { NODE_OPTIONS: `--import=${preload}` } });
    expect(await service.stop("SIGUSR2")).toMatchObject({ code: 1 });
    expect(service.log().at(-1)).toMatchObject({ level: "fatal", event: "crashed", err: { message: "a defect" } });
    expect(service.stdout() + service.stderr()).not.toMatch(/0123456789|4915112345678/);
  });
});

describe("whoever reads the log", () => {
  it("and has stopped reading holds up neither the calls nor the exit", async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const launched = launch({ env: { COUNTERSIGN_GRPC_ADDR: address, COUNTERSIGN_LOG_LEVEL: "trace" }, unread: true });
    await expect.poll(() => connects(address), { timeout: 10_000 }).toBe(true);
    const wire = createGrpcWire(address);
    onTestFinished(() => wire.close());
    // Two lines of some 300 bytes each: far more than a pipe holds.
    for (let batch = 0; batch < 10; batch++) {
      const sent = await parallel(100, [wire], () => sendTo(newPhone(), { purpose: "x".repeat(64) }));
      expect(tally(sent)).toEqual({ OK: 100 });
      await sleep(20);
    }
    const { code, ms } = await launched.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(3_000);
  });

  it("and goes away takes nothing along", async () => {
    const service = await startService();
    service.child.stdout?.destroy();
    const challengeId = await open(service.JSON, newPhone());
    await sleep(300);
    expect((await service.gRPC.send({ method: "GetChallenge", request: { challengeId } })).code).toBe("OK");
    expect(await checkHealth(service.grpc)).toBe("SERVING");
    expect(await service.stop()).toMatchObject({ code: 0 });
  });
});

async function startWithSlowVendor() {
  const vendor = await startSlowVendor();
  const caller = newKey();
  const config = sampleConfig({ twilio: { baseUrl: vendor.baseUrl } }, [caller]);
  const service = await startService({ config, store: newSqlite().url, key: caller.key });
  return { service, vendor, key: caller.key };
}

async function connectSilently(address: string): Promise<void> {
  await speak(address, "");
  // Until the service has accepted it; nothing tells when.
  await sleep(100);
}

/** A connection of one's own, on which anything can be said. */
function speak(address: string, words: string): Promise<{ readonly socket: Socket; text(): string }> {
  const socket = connectTo(address);
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  return new Promise((resolve) => {
    socket.once("connect", () => {
      socket.write(words);
      resolve({ socket, text: () => text });
    });
  });
}

function postRequest(phoneNumber: string, key: string): string {
  const body = JSON.stringify({ recipient: { phoneNumber } });
  const head = [
    "POST /countersign.v1.CodeService/SendCode HTTP/1.1",
    "host: x",
    "content-type: application/json",
    `authorization: Bearer ${key}`,
  ];
  return `${[...head, `content-length: ${body.length}`].join("\r\n")}\r\n\r\n${body}`;
}

function connectTo(address: string): Socket {
  const [host, port] = address.split(":");
  return connect(Number(port), host);
}

const connects = (address: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectTo(address);
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });

const get = (url: string, agent: http.Agent): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    http.get(url, { agent }, (response) => response.resume().once("end", () => resolve(response.statusCode))).once("error", reject);
  });
