import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import type { WireClient } from "../rpc/wire-clients.ts";
import { challengeCall, codeOf, newPhone, open, outcome, parallel, sendTo, tally, timed, verify, wrong } from "./calls.ts";
import { hasMongo, newMongo } from "./databases.ts";
import { checkHealth } from "./health.ts";
import { launch, newSqlite, type Service, startService } from "./service.ts";
import { startProxy } from "./tcp-proxy.ts";

/** Whoever is answered later was not answered by the service, but by the deadline of its call. */
const deadlineMs = 15_000;

type Loss = { readonly lose: () => void; readonly restore: () => void };

describe.skipIf(!hasMongo)("MongoDB that is lost", () => {
  it.each(["cut", "stalled"] as const)("%s: answers quickly, lets nobody in, and recovers by itself", async (mode) => {
    const { proxy, url } = await startProxied();
    const service = await startService({ store: url });
    await losesAndRecovers(service, { lose: () => proxy.set(mode), restore: () => proxy.set("passing") }, { withinMs: deadlineMs });
    expect(proxy.connections.most).toBeLessThanOrEqual(200);
  });

  it.each(["cut", "stalled"] as const)("%s: does not hold up the exit", async (mode) => {
    const { proxy, url } = await startProxied();
    const service = await startService({ store: url });
    proxy.set(mode);
    const { code, ms } = await service.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(3_000);
  });

  it("stalled while starting: gives up in one line", async () => {
    const { proxy, url } = await startProxied();
    proxy.set("stalled");
    const launched = launch({ store: url });
    const { code, ms } = await launched.exited;
    expect(code).toBe(1);
    expect(ms).toBeLessThan(30_000);
    expect(launched.stderr().trimEnd().split("\n")).toEqual([expect.stringMatching(/COUNTERSIGN_STORE_URL/)]);
  });
});

async function startProxied() {
  const url = new URL(newMongo());
  const proxy = await startProxy({ host: url.hostname, port: Number(url.port || 27017) });
  onTestFinished(() => proxy.stop());
  url.host = `127.0.0.1:${proxy.port}`;
  return { proxy, url: url.href };
}

describe("SQLite that another process keeps locked", () => {
  it("answers in bounded time, lets nobody in, and recovers by itself", async () => {
    const { path, url } = newSqlite();
    const service = await startService({ store: url });
    const other = new DatabaseSync(path, { timeout: 5_000 });
    const loss = { lose: () => other.exec("BEGIN IMMEDIATE"), restore: () => other.exec("ROLLBACK") };
    await losesAndRecovers(service, loss, { withinMs: deadlineMs });
    other.close();
  });

  it("a lock that is let go in time costs nothing but the wait", async () => {
    const { path, url } = newSqlite();
    const service = await startService({ store: url });
    const other = new DatabaseSync(path, { timeout: 5_000 });
    other.exec("BEGIN IMMEDIATE");
    const sent = timed(service.gRPC.send(sendTo(newPhone())));
    await sleep(500);
    other.exec("ROLLBACK");
    expect((await sent).value.code).toBe("OK");
    expect((await sent).ms).toBeLessThan(1_500);
    other.close();
  });
});

async function losesAndRecovers(service: Service, { lose, restore }: Loss, { withinMs }: { readonly withinMs: number }): Promise<void> {
  const [to, kept] = [newPhone(), newPhone()];
  const challengeId = await open(service.gRPC, to);
  const code = await codeOf([service], challengeId);
  const untouched = await open(service.JSON, kept);
  const untouchedCode = await codeOf([service], untouched);
  lose();
  // A few, then many at once, then again once it is known that the store is away.
  const few = [
    verify(challengeId, code),
    sendTo(newPhone()),
    challengeCall("GetChallenge", challengeId),
    challengeCall("CancelChallenge", challengeId),
  ];
  await Promise.all(few.map((sent) => isUnavailable(service, sent, withinMs)));
  for (let round = 0; round < 2; round++) {
    const { value: answers, ms } = await timed(
      parallel(200, service.wires, (index) => (index % 2 ? verify(challengeId, code) : sendTo(newPhone()))),
    );
    expect(tally(answers)).toEqual({ STORE_UNAVAILABLE: 200 });
    expect(ms).toBeLessThan(withinMs);
  }
  const { value: ready, ms: readyMs } = await timed(fetch(`http://${service.http}/readyz`));
  expect(ready.status).toBe(503);
  expect(readyMs).toBeLessThan(withinMs);
  // It is the store that is away, and not the process.
  expect((await fetch(`http://${service.http}/healthz`)).status).toBe(200);
  expect(await checkHealth(service.grpc)).toBe("SERVING");
  expect(service.log().filter(({ event }) => event === "fault")).toEqual([]);
  expect(service.log()).toContainEqual(expect.objectContaining({ event: "code_verified", reason: "STORE_UNAVAILABLE", level: "error" }));
  restore();
  await expect.poll(async () => (await fetch(`http://${service.http}/readyz`)).status, { timeout: 5_000, interval: 50 }).toBe(200);
  expect(service.log().filter(({ event }) => event === "store_lost")).toEqual([
    expect.objectContaining({ level: "error", err: expect.anything() }),
  ]);
  await expect.poll(() => service.log().filter(({ event }) => event === "store_back")).toHaveLength(1);
  // Nothing that was refused was done.
  expect(await service.gRPC.send(challengeCall("GetChallenge", untouched))).toMatchObject({
    response: { challenge: { attemptsRemaining: 5 } },
  });
  expect(tally(await parallel(8, service.wires, () => verify(untouched, untouchedCode)))).toEqual({ OK: 1, CODE_ALREADY_USED: 7 });
  expect(outcome(await service.JSON.send(sendTo(newPhone())))).toBe("OK");
  // What was in flight when it was lost may have been done, and then only once.
  expect(["OK", "CODE_ALREADY_USED", "CHALLENGE_CANCELED"]).toContain(outcome(await service.gRPC.send(verify(challengeId, code))));
  expect(outcome(await service.gRPC.send(verify(challengeId, wrong(code))))).toMatch(/CODE_ALREADY_USED|CHALLENGE_CANCELED/);
}

async function isUnavailable(service: Service, sent: Parameters<WireClient["send"]>[0], withinMs: number): Promise<void> {
  const { value, ms } = await timed(service.gRPC.send(sent));
  expect(value, `${sent.method} ${JSON.stringify(service.log().at(-1))}`).toMatchObject({
    code: "UNAVAILABLE",
    reason: "STORE_UNAVAILABLE",
  });
  expect(ms, sent.method).toBeLessThan(withinMs);
}
