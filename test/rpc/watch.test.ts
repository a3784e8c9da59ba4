/** Watching a challenge: the same cases on every wire that carries a stream. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "@connectrpc/connect";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WatchChallengeResponse } from "../../src/gen/countersign/v1/code_service_pb.js";
import { ChallengeState, CodeService } from "../../src/gen/countersign/v1/code_service_pb.js";
import { ErrorInfoSchema, RetryInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import { createWorld, key, startWires } from "./fixture.ts";
import { transportsTo } from "./transports.ts";

type Wires = Awaited<ReturnType<typeof startWires>>;
type Messages = AsyncIterator<WatchChallengeResponse>;

const { useCases, world, watches } = createWorld();
let service: Wires;
/** One in which calls may take 200 ms, and streams 800. */
let hasty: Wires;
beforeAll(async () => {
  service = await startWires({ useCases });
  hasty = await startWires({ useCases, grpc: { maxDeadlineMs: 200, maxStreamMs: 800 } });
});
afterAll(() => Promise.all([service.close(), hasty.close()]));

const transports = Object.entries(transportsTo(() => service.addresses));
const hastyTransports = transportsTo(() => hasty.addresses);
const headers = { authorization: `Bearer ${key}` };

describe.each(transports)("%s", (name, createTransport) => {
  let client: Client<typeof CodeService>;
  beforeAll(() => {
    client = createClient(CodeService, createTransport());
  });

  it("shows the challenge, every change of it, and then ends", async () => {
    const { challengeId, code } = await open(client);
    const messages = watch(client, challengeId);
    expect(await next(messages)).toMatchObject({ challengeId, state: ChallengeState.PENDING, attemptsRemaining: 5, maskedRecipient: /•/ });
    await expect(client.verifyCode({ challengeId, code: "0000000" }, { headers })).rejects.toMatchObject({ code: Code.PermissionDenied });
    expect(await next(messages)).toMatchObject({ state: ChallengeState.PENDING, attemptsRemaining: 4 });
    await client.verifyCode({ challengeId, code }, { headers });
    expect(await next(messages)).toMatchObject({ state: ChallengeState.VERIFIED });
    expect(await messages.next()).toMatchObject({ done: true });
  });

  it("ends at the caller's deadline", async () => {
    const { challengeId } = await open(client);
    const messages = watch(client, challengeId, { timeoutMs: 400 });
    await next(messages);
    expect(await refusal(messages)).toMatchObject({ code: Code.DeadlineExceeded });
  });

  it("lasts longer than a call may, and not for ever", async () => {
    const hastyClient = createClient(CodeService, (hastyTransports[name] as typeof createTransport)());
    const { challengeId } = await open(client);
    const lasting = [{}, { timeoutMs: 3_600_000 }].map(async (options) => {
      const started = performance.now();
      const messages = watch(hastyClient, challengeId, options);
      await next(messages);
      expect(await refusal(messages)).toMatchObject({ code: Code.DeadlineExceeded, reason: "DEADLINE_EXCEEDED" });
      expect(performance.now() - started).toBeGreaterThan(700);
      expect(performance.now() - started).toBeLessThan(3_000);
    });
    await Promise.all(lasting);
  });

  it("has so many places for one challenge; who goes away leaves one", async () => {
    const { challengeId } = await open(client);
    const watching = Array.from({ length: 10 }, () => {
      const away = new AbortController();
      return { away, messages: watch(client, challengeId, { signal: away.signal }) };
    });
    await Promise.all(watching.map(({ messages }) => next(messages)));
    expect(await refusal(watch(client, challengeId))).toMatchObject({
      code: Code.ResourceExhausted,
      reason: "RATE_LIMITED",
      metadata: { scope: "challenge" },
      retryAfterSeconds: 5,
    });
    for (const { away, messages } of watching) {
      away.abort();
      await expect(messages.next()).rejects.toMatchObject({ code: Code.Canceled });
    }
    await expect.poll(() => next(watch(client, challengeId)).catch(() => undefined)).toMatchObject({ challengeId });
  });

  it("tells a stranger nothing", async () => {
    const { challengeId } = await open(client);
    const messages = client.watchChallenge({ challengeId }, { headers: {} })[Symbol.asyncIterator]();
    expect(await refusal(messages)).toMatchObject({ code: Code.Unauthenticated, reason: "UNAUTHENTICATED" });
  });
});

it("over HTTP, proxies are told not to keep messages back", async () => {
  const client = createClient(CodeService, (transports[3] as (typeof transports)[number])[1]());
  const { challengeId } = await open(client);
  const seen = new Promise<Headers>((resolve) => {
    const messages = client.watchChallenge({ challengeId }, { headers, timeoutMs: 500, onHeader: resolve })[Symbol.asyncIterator]();
    messages.next().catch(() => undefined);
  });
  expect((await seen).get("x-accel-buffering")).toBe("no");
});

it("a plain POST is told which content types carry a stream", async () => {
  const url = `http://${service.addresses.http}/countersign.v1.CodeService/WatchChallenge`;
  const answer = await fetch(url, { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: "{}" });
  expect(answer.status).toBe(415);
  expect(await answer.text()).toContain("application/connect+json");
});

it("when the service stops, every watch is told to come again, and those who come late too", async () => {
  const watching = [];
  for (const [, createTransport] of transports) {
    const client = createClient(CodeService, createTransport());
    const { challengeId } = await open(client);
    const messages = watch(client, challengeId);
    await next(messages);
    watching.push({ client, challengeId, messages });
  }
  watches.close();
  const again = { code: Code.Unavailable, reason: "SHUTTING_DOWN", retryAfterSeconds: 1 };
  for (const { messages } of watching) expect(await refusal(messages)).toMatchObject(again);
  for (const { client, challengeId } of watching) expect(await refusal(watch(client, challengeId))).toMatchObject(again);
  await sleep(50);
  expect([...service.failures, ...hasty.failures]).toEqual([]);
});

async function open(client: Client<typeof CodeService>): Promise<{ challengeId: string; code: string }> {
  const to = world.newPhoneNumber();
  const { challenge } = await client.sendCode({ recipient: { kind: { case: "phoneNumber", value: to } } }, { headers });
  return { challengeId: challenge?.challengeId ?? "", code: await world.codeSentTo(to) };
}

const watch = (
  client: Client<typeof CodeService>,
  challengeId: string,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
): Messages => client.watchChallenge({ challengeId }, { headers, ...options })[Symbol.asyncIterator]();

async function next(messages: Messages) {
  const { done, value } = await messages.next();
  if (done) throw new Error("the stream has ended");
  return value.challenge;
}

/** Why a stream ended; a message in between, such as a heartbeat, is passed over. */
async function refusal(messages: Messages) {
  try {
    while (!(await messages.next()).done);
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    const [info] = error.findDetails(ErrorInfoSchema);
    const [retry] = error.findDetails(RetryInfoSchema);
    return { code: error.code, reason: info?.reason, metadata: info?.metadata, retryAfterSeconds: Number(retry?.retryDelay?.seconds) };
  }
  throw new Error("the stream has ended without a refusal");
}
