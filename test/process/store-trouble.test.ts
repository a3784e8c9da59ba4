import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { challengeCall, codeOf, newPhone, open, outcome, parallel, sendTo, tally, verify, wrong } from "./calls.ts";
import { hasMongo, newMongo } from "./databases.ts";
import { startMongoProxy } from "./mongo-proxy.ts";
import { newFolder, newSqlite, type Service, startService } from "./service.ts";

const patience = { timeout: 30_000, interval: 100 };

const has = (command: string, ...args: string[]): boolean => {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

const readiness = async ({ http }: Service): Promise<number> => (await fetch(`http://${http}/readyz`)).status;

/** Two challenges, of which one is guessed at once before the trouble begins. */
async function prepare(service: Service) {
  const [challengeId, untouched] = [await open(service.gRPC, newPhone()), await open(service.JSON, newPhone())];
  const [code, untouchedCode] = [await codeOf([service], challengeId), await codeOf([service], untouched)];
  expect(outcome(await service.gRPC.send(verify(challengeId, wrong(code))))).toBe("CODE_MISMATCH");
  return { challengeId, code, untouched, untouchedCode };
}

/** While it takes no writes: every call is refused at once, and the log says what to do, once. */
async function refusesWrites(service: Service, { challengeId, code }: Awaited<ReturnType<typeof prepare>>, why: RegExp): Promise<void> {
  for (let round = 0; round < 3; round++) {
    // Whose deadline had passed would be told so instead.
    const answers = await parallel(100, service.wires, (index) => (index % 2 ? verify(challengeId, code) : sendTo(newPhone())));
    expect(tally(answers)).toEqual({ STORE_UNAVAILABLE: 100 });
  }
  await expect.poll(() => readiness(service), patience).toBe(503);
  expect((await fetch(`http://${service.http}/healthz`)).status).toBe(200);
  const lost = service.log().filter(({ event }) => event === "store_lost");
  expect(JSON.stringify(lost)).toMatch(why);
  expect(lost.length).toBeGreaterThan(0);
  expect(service.log().filter(({ event }) => event === "fault")).toEqual([]);
}

/** Nothing that was refused was done, and what was acknowledged before is there. */
async function isBack(
  service: Service,
  { challengeId, code, untouched, untouchedCode }: Awaited<ReturnType<typeof prepare>>,
): Promise<void> {
  await expect.poll(() => readiness(service), patience).toBe(200);
  await expect.poll(async () => outcome(await service.gRPC.send(sendTo(newPhone()))), patience).toBe("OK");
  const seen = await service.gRPC.send(challengeCall("GetChallenge", challengeId));
  expect(seen).toMatchObject({ response: { challenge: { attemptsRemaining: 4 } } });
  expect(tally(await parallel(8, service.wires, () => verify(challengeId, code)))).toEqual({ OK: 1, CODE_ALREADY_USED: 7 });
  expect(tally(await parallel(8, service.wires, () => verify(untouched, untouchedCode)))).toEqual({ OK: 1, CODE_ALREADY_USED: 7 });
}

async function startProxied() {
  const url = new URL(newMongo());
  const proxy = await startMongoProxy({ host: url.hostname, port: Number(url.port || 27017) });
  onTestFinished(() => proxy.stop());
  url.host = `127.0.0.1:${proxy.port}`;
  return { proxy, url: url.href };
}

describe.skipIf(!hasMongo)("MongoDB in trouble", () => {
  it("slow, but in time: one of many right codes is accepted, and no guess too many is compared", async () => {
    const { proxy, url } = await startProxied();
    const service = await startService({ store: url });
    const ready = await prepare(service);
    proxy.terms.delayMs = 250;
    const guesses = await parallel(12, service.wires, () => verify(ready.challengeId, wrong(ready.code)));
    const { CODE_MISMATCH = 0 } = tally(guesses);
    expect(CODE_MISMATCH).toBeLessThanOrEqual(4);
    expect(
      Object.keys(tally(guesses)).every((reason) => ["CODE_MISMATCH", "TOO_MANY_ATTEMPTS", "STORE_UNAVAILABLE"].includes(reason)),
    ).toBe(true);
    const right = tally(await parallel(6, service.wires, () => verify(ready.untouched, ready.untouchedCode)));
    expect(right.OK).toBe(1);
    expect(outcome(await service.gRPC.send(sendTo(newPhone())))).toBe("OK");
    expect(proxy.connections.most).toBeLessThanOrEqual(200);
  });

  it("slow, 2 s per operation: answers in time, nothing piles up, nobody gets in twice, and it recovers by itself", async () => {
    const { proxy, url } = await startProxied();
    const service = await startService({ store: url });
    const { challengeId, code, untouched, untouchedCode } = await prepare(service);
    proxy.terms.delayMs = 2_000;
    const trouble = () => parallel(200, service.wires, (index) => (index % 2 ? verify(challengeId, code) : sendTo(newPhone())));
    expect(tally(await trouble())).toEqual({ STORE_UNAVAILABLE: 200 });
    // From then on it is known, and nobody waits for the database to be told.
    const asked = proxy.seen.decisive;
    expect(tally(await trouble())).toEqual({ STORE_UNAVAILABLE: 200 });
    expect(tally(await trouble())).toEqual({ STORE_UNAVAILABLE: 200 });
    expect(proxy.seen.decisive).toBe(asked);
    expect(await readiness(service)).toBe(503);
    expect((await fetch(`http://${service.http}/healthz`)).status).toBe(200);
    expect(proxy.connections.most).toBeLessThanOrEqual(200);
    expect(service.log()).toContainEqual(expect.objectContaining({ event: "store_lost", level: "error" }));
    proxy.terms.delayMs = 0;
    await expect.poll(() => readiness(service), patience).toBe(200);
    // The database may have done what nobody was told of: then it was done once.
    const after = tally(await parallel(8, service.wires, () => verify(challengeId, code)));
    expect([{ OK: 1, CODE_ALREADY_USED: 7 }, { CODE_ALREADY_USED: 8 }]).toContainEqual(after);
    expect(tally(await parallel(8, service.wires, () => verify(untouched, untouchedCode)))).toEqual({ OK: 1, CODE_ALREADY_USED: 7 });
    expect(service.log().filter(({ event }) => event === "fault")).toEqual([]);
  });

  it.each([
    ["no primary any more", { code: 10107, codeName: "NotWritablePrimary", errmsg: "not primary" }, /rs\.status\(\)/],
    ["a user who may only read", { code: 13, codeName: "Unauthorized", errmsg: "not authorized on it to execute it" }, /role readWrite/],
  ])("read-only, for %s: refuses at once and says why, and recovers by itself", async (_, refuseWrites, why) => {
    const { proxy, url } = await startProxied();
    const service = await startService({ store: url });
    const ready = await prepare(service);
    proxy.terms.refuseWrites = refuseWrites;
    await refusesWrites(service, ready, why);
    expect(proxy.seen.refused).toBeGreaterThan(0);
    proxy.terms.refuseWrites = undefined;
    await isBack(service, ready);
  });
});

describe.skipIf(!has("prlimit", "--version"))("SQLite in trouble", () => {
  /** What the process may make its files grow to: beyond it, writes fail as on a disk that is full, and at 0, as on one that is read-only. */
  const limitFiles = ({ pid }: Service, bytes: number | "unlimited"): void =>
    void execFileSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:unlimited`]);

  it.each(["full", "read-only"] as const)("on a disk that is %s: refuses at once and says why, and recovers by itself", async (how) => {
    const { path, url } = newSqlite();
    const service = await startService({ store: url });
    const ready = await prepare(service);
    limitFiles(service, how === "full" ? Math.max(statSync(path).size, statSync(`${path}-wal`).size) : 0);
    if (how === "full") await untilRefused(service);
    await refusesWrites(service, ready, /see whether it is full, read-only or failing|make room/);
    limitFiles(service, "unlimited");
    await isBack(service, ready);
  });

  it.skipIf(!has("mount", "--version") || process.getuid?.() !== 0)(
    "on a file system without a byte left, until there is room",
    async () => {
      const folder = newFolder();
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]);
      onTestFinished(() => void execFileSync("umount", ["-l", folder]));
      const service = await startService({ store: `sqlite:${join(folder, "ledgers.db")}` });
      const ready = await prepare(service);
      await untilRefused(service);
      expect(JSON.stringify(service.log().filter(({ event }) => event === "store_lost"))).toMatch(/the disk is full; make room/);
      // What needs no room may still be answered; nobody gets in by it more than once.
      const answers = await parallel(50, service.wires, () => sendTo(newPhone()));
      expect(tally(answers).STORE_UNAVAILABLE).toBeGreaterThan(0);
      execFileSync("mount", ["-o", "remount,size=64m", folder]);
      await isBack(service, ready);
      expect(service.log().filter(({ event }) => event === "fault")).toEqual([]);
    },
  );
});

/** Sends until there is no room for one more. */
async function untilRefused(service: Service): Promise<void> {
  for (let round = 0; round < 60; round++) {
    const sent = tally(await parallel(50, service.wires, () => sendTo(newPhone())));
    if (sent.STORE_UNAVAILABLE === 50 && (await readiness(service)) === 503) return;
  }
  throw new Error("the disk did not become full");
}
