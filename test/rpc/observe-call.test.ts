import { setTimeout as sleep } from "node:timers/promises";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refused } from "../../src/otp/refusal.ts";
import type { CallBegun } from "../../src/rpc/observe-call.ts";
import { key, startWires, useCasesThat } from "./fixture.ts";
import { type WireClient, wireClients } from "./wire-clients.ts";

const wires = { gRPC: "grpc", "gRPC-Web": "grpc_web", Connect: "connect", JSON: "json" } as const;
const names = Object.keys(wires) as (keyof typeof wires)[];
const verifyCode = "countersign.v1.CodeService/VerifyCode";

let service: Awaited<ReturnType<typeof startWires>>;
let clients: readonly WireClient[];
const begun: CallBegun[] = [];
const ended: string[] = [];

beforeAll(async () => {
  const untilAborted = ({ signal }: { readonly signal: AbortSignal }) =>
    new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  service = await startWires({
    observeCall: (call) => {
      begun.push(call);
      return (reason) => void ended.push(`${call.rpc} ${call.wire} ${reason}`);
    },
    useCases: useCasesThat({
      verifyCode: async (_, call) => untilAborted(call),
      cancelChallenge: async () => refused("CHALLENGE_NOT_FOUND", "there is none"),
      getChallenge: async () => {
        throw new Error("a bug");
      },
      watchChallenge: async function* () {
        yield refused("CHALLENGE_NOT_FOUND", "there is none");
      },
    }),
  });
  clients = wireClients(service.addresses, key);
});
afterAll(async () => {
  for (const client of clients) client.close();
  await service.close();
});

const clientOf = (name: keyof typeof wires): WireClient => clients.find((each) => each.name === name) as WireClient;

/** Waits until the call that is made has ended, and says how. */
async function endOf(make: () => Promise<unknown>): Promise<string> {
  const before = ended.length;
  await make();
  await until(() => ended.length > before);
  expect(ended.length).toBe(before + 1);
  return ended[before] ?? "";
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 2_000; tries++) await sleep(10);
  expect(condition()).toBe(true);
}

describe.each(names)("a call by %s ends, for whoever counts, once and with", (name) => {
  const wire = wires[name];
  const send = (sent: Parameters<WireClient["send"]>[0]) => () => clientOf(name).send(sent);

  it("the reason that its caller gets", async () => {
    expect(await endOf(send({ method: "CancelChallenge", request: { challengeId: "x" } }))).toBe(
      `countersign.v1.CodeService/CancelChallenge ${wire} CHALLENGE_NOT_FOUND`,
    );
    expect(await endOf(send({ method: "VerifyCode", headers: { authorization: "Bearer x" } }))).toBe(
      `${verifyCode} ${wire} UNAUTHENTICATED`,
    );
  });

  it("INTERNAL, when it is a fault of ours", async () => {
    expect(await endOf(send({ method: "GetChallenge", request: { challengeId: "x" } }))).toMatch(/ INTERNAL$/);
  });

  it("DEADLINE_EXCEEDED, when its time is over", async () => {
    expect(await endOf(send({ method: "VerifyCode", timeout: { grpc: "50m", connect: "50" } }))).toBe(
      `${verifyCode} ${wire} DEADLINE_EXCEEDED`,
    );
  });
});

it("a call that its caller takes back is canceled: gRPC", async () => {
  const client = new Client(service.addresses.grpc, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${key}`);
  const identity = (bytes: Buffer): Buffer => bytes;
  const reason = await endOf(async () => {
    const before = begun.length;
    const call = client.makeUnaryRequest(`/${verifyCode}`, identity, identity, Buffer.alloc(0), metadata, () => undefined);
    await until(() => begun.length > before);
    call.cancel();
  });
  client.close();
  expect(reason).toBe(`${verifyCode} grpc CANCELED`);
});

it("a call that its caller takes back is canceled: HTTP", async () => {
  const away = new AbortController();
  const reason = await endOf(async () => {
    const before = begun.length;
    const answer = fetch(`http://${service.addresses.http}/${verifyCode}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: "{}",
      signal: away.signal,
    });
    await until(() => begun.length > before);
    away.abort();
    await expect(answer).rejects.toThrow();
  });
  expect(reason).toBe(`${verifyCode} json CANCELED`);
});

it.each(["gRPC", "gRPC-Web", "Connect"] as const)("a stream by %s is a call too, and is told to be one", async (name) => {
  const reason = await endOf(() => clientOf(name).send({ method: "WatchChallenge", request: { challengeId: "x" } }));
  expect(reason).toBe(`countersign.v1.CodeService/WatchChallenge ${wires[name]} CHALLENGE_NOT_FOUND`);
  expect(begun.at(-1)).toMatchObject({ isStream: true });
});

it("every call that began has ended", () => {
  expect(ended).toHaveLength(begun.length);
});
