/** WatchChallenge where it is hardest: what is watched on one replica happens on another. */
import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { Challenge } from "../../src/gen/countersign/v1/code_service_pb.js";
import { ChallengeState, CodeService } from "../../src/gen/countersign/v1/code_service_pb.js";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import { transportsTo } from "../rpc/transports.ts";
import { encodeRequest } from "../rpc/wire-clients.ts";
import { challengeCall, codeOf, newPhone, open, outcome, timed, verify, wrong } from "./calls.ts";
import { hasMongo, newMongo, stores } from "./databases.ts";
import { newSqlite, type Service, startService } from "./service.ts";
import { startProxy } from "./tcp-proxy.ts";

/** As long as a change of another replica may stay unseen, and the machine may be busy besides. */
const soonMs = 4_000;

describe.each(stores)("two processes on one database: $name", ({ newUrl }) => {
  const store = newUrl();
  let [near, far]: Service[] = [];
  beforeAll(async () => {
    [near, far] = await Promise.all([startService({ store }), startService({ store })]);
  });

  it.each(Object.keys(transportsTo(() => ({ grpc: "", http: "" }))))("%s: what happens on one is seen on the other", async (name) => {
    const [here, there] = [near as Service, far as Service];
    const challengeId = await open(there.gRPC, newPhone());
    const code = await codeOf([there], challengeId);
    const messages = watch(here, name, challengeId);
    expect(await next(messages)).toMatchObject({ challengeId, state: ChallengeState.PENDING, attemptsRemaining: 5 });
    expect(outcome(await there.JSON.send(verify(challengeId, wrong(code))))).toBe("CODE_MISMATCH");
    const guessed = await timed(next(messages));
    expect(guessed.value).toMatchObject({ state: ChallengeState.PENDING, attemptsRemaining: 4 });
    expect(outcome(await there.gRPC.send(verify(challengeId, code)))).toBe("OK");
    const verified = await timed(next(messages));
    expect(verified.value).toMatchObject({ state: ChallengeState.VERIFIED });
    expect(await messages.next()).toMatchObject({ done: true });
    expect(Math.max(guessed.ms, verified.ms)).toBeLessThan(soonMs);
  });

  it("a thousand watchers cost little, and all of them see the end", { timeout: 120_000 }, async () => {
    const [here, there] = [near as Service, far as Service];
    const ids: string[] = [];
    for (let batch = 0; batch < 20; batch++) {
      ids.push(...(await Promise.all(Array.from({ length: 50 }, () => open(there.gRPC, newPhone())))));
    }
    // As many connections as replicas of a caller's own.
    const clients = Array.from({ length: 4 }, () => clientOf(here, "connect-node, gRPC"));
    const streams = ids.map((challengeId, index) => (clients[index % 4] as (typeof clients)[number]).watchChallenge({ challengeId }));
    const watching = streams.map((stream) => stream[Symbol.asyncIterator]());
    await Promise.all(watching.map(next));
    await sleep(6_000);
    const before = cpuSeconds(here.pid);
    await sleep(5_000);
    const cores = (cpuSeconds(here.pid) - before) / 5;
    const call = await timed(here.gRPC.send(challengeCall("GetChallenge", ids[0] as string)));
    const ended = Promise.all(watching.map(lastState));
    for (let at = 0; at < ids.length; at += 50) {
      await Promise.all(ids.slice(at, at + 50).map((challengeId) => there.gRPC.send(challengeCall("CancelChallenge", challengeId))));
    }
    const seen = await timed(ended);
    expect(new Set(seen.value)).toEqual(new Set([ChallengeState.CANCELED]));
    expect(seen.ms).toBeLessThan(2 * soonMs);
    expect(cores).toBeLessThan(0.6);
    expect(call.ms).toBeLessThan(500);
  });

  it("a replica that stops sends its watchers to the other, and waits for none of them", async () => {
    const [here, there] = [near as Service, far as Service];
    const challengeId = await open(there.gRPC, newPhone());
    const names = Object.keys(transportsTo(() => here));
    const watching = names.map((name) => ({ name, messages: watch(here, name, challengeId) }));
    await Promise.all(watching.map(({ messages }) => next(messages)));
    await watchUnread(here, challengeId);
    const stopped = here.stop();
    for (const { name, messages } of watching) {
      expect({ name, ...(await refusal(messages)) }).toEqual({ name, code: Code.Unavailable, reason: "SHUTTING_DOWN" });
      expect(await next(watch(there, name, challengeId))).toMatchObject({ challengeId });
    }
    const { code, ms } = await stopped;
    expect(code).toBe(0);
    expect(ms).toBeLessThan(3_000);
  });
});

describe("the store is lost while somebody watches", () => {
  it.skipIf(!hasMongo)("for a moment: the watch goes on", async () => {
    const url = new URL(newMongo());
    const proxy = await startProxy({ host: url.hostname, port: Number(url.port || 27017) });
    onTestFinished(() => proxy.stop());
    url.host = `127.0.0.1:${proxy.port}`;
    const service = await startService({ store: url.href });
    const challengeId = await open(service.gRPC, newPhone());
    const messages = watch(service, "connect-node, gRPC", challengeId);
    await next(messages);
    proxy.set("cut");
    await sleep(3_000);
    proxy.set("passing");
    await expect
      .poll(async () => outcome(await service.gRPC.send(challengeCall("CancelChallenge", challengeId))), { timeout: 8_000 })
      .toBe("OK");
    expect(await lastState(messages)).toBe(ChallengeState.CANCELED);
  });

  it("and the process may still stop", async () => {
    const service = await startService({ store: newSqlite().url });
    const messages = watch(service, "connect-web, Connect", await open(service.gRPC, newPhone()));
    await next(messages);
    expect(await service.stop()).toMatchObject({ code: 0 });
    expect(await refusal(messages)).toMatchObject({ reason: "SHUTTING_DOWN" });
  });
});

const clientOf = (service: Service, name: string) => createClient(CodeService, (transportsTo(() => service)[name] as () => never)());

const watch = (service: Service, name: string, challengeId: string) =>
  clientOf(service, name).watchChallenge({ challengeId })[Symbol.asyncIterator]();

type Messages = AsyncIterator<{ readonly challenge?: Challenge }>;

async function next(messages: Messages): Promise<Challenge | undefined> {
  const { done, value } = await messages.next();
  if (done) throw new Error("the stream has ended");
  return value.challenge;
}

async function lastState(messages: Messages): Promise<ChallengeState | undefined> {
  let state: ChallengeState | undefined;
  for (;;) {
    const { done, value } = await messages.next();
    if (done) return state;
    state = value.challenge?.state;
  }
}

/** Why a stream ended; what it shows before is passed over. */
async function refusal(messages: Messages) {
  try {
    await lastState(messages);
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    return { code: error.code, reason: error.findDetails(ErrorInfoSchema)[0]?.reason };
  }
  throw new Error("the stream has ended without a refusal");
}

/** Watches over gRPC and never reads what comes. */
async function watchUnread({ grpc }: Service, challengeId: string): Promise<void> {
  const session = connectHttp2(`http://${grpc}`, { settings: { initialWindowSize: 10 } });
  onTestFinished(() => session.destroy());
  session.on("error", () => undefined);
  const path = `/${CodeService.typeName}/WatchChallenge`;
  const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc", te: "trailers" });
  stream.on("error", () => undefined);
  stream.pause();
  const message = encodeRequest({ method: "WatchChallenge", request: { challengeId } }, "binary");
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.byteLength, 1);
  stream.end(Buffer.concat([head, message]));
  await new Promise((resolve) => stream.once("response", resolve));
}

/** User and system time so far, as the kernel counts them (proc(5), in ticks of 10 ms). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
