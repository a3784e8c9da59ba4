/** More calls than the service may work on: refused before they are read, while health and what is under way go on. */
import { randomInt } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import { allowed, type Result, refused } from "../../src/otp/refusal.ts";
import { createShed } from "../../src/rpc/shed.ts";
import { key, startWires, useCasesThat } from "../rpc/fixture.ts";
import { type WireClient, wireClients } from "../rpc/wire-clients.ts";

const wireNames = ["gRPC", "gRPC-Web", "Connect", "JSON"] as const;

/** A service that works on two calls at once, and is never done until it is told. */
async function startSmall() {
  const places = createShed(2);
  const begun: (() => void)[] = [];
  const { getChallenge } = places.guard({
    getChallenge: () => new Promise<Result<never>>((resolve) => begun.push(() => resolve(refused("CHALLENGE_NOT_FOUND", "no")))),
  });
  const service = await startWires({ useCases: useCasesThat({ getChallenge }), isOverloaded: places.isFull });
  const wires = wireClients(service.addresses, key);
  onTestFinished(async () => {
    for (const wire of wires) wire.close();
    await service.close();
  });
  return { begun, wires, ...service };
}

const wireOf = (wires: readonly WireClient[], name: string): WireClient => wires.find((wire) => wire.name === name) as WireClient;
const get = { method: "GetChallenge" } as const;

describe.each(wireNames)("%s", (name) => {
  it.each(["GetChallenge", "WatchChallenge"] as const)(
    "refuses %s with the reason and when to come again, even without a key",
    async (method) => {
      if (name === "JSON" && method === "WatchChallenge") return;
      const { begun, wires } = await startSmall();
      const wire = wireOf(wires, name);
      const working = [wires[0]?.send(get), wires[1]?.send(get)];
      await expect.poll(() => begun.length).toBe(2);
      for (const headers of [undefined, { authorization: "" }])
        expect(await wire.send({ method, ...(headers && { headers }) })).toMatchObject({
          code: "UNAVAILABLE",
          reason: "OVERLOADED",
          domain: "countersign",
          retryAfterMs: 1_000,
        });
      // Nothing of it was begun; what was, is answered, and then there is a place again.
      expect(begun.length).toBe(2);
      for (const finish of begun) finish();
      for (const answer of await Promise.all(working)) expect(answer?.code).toBe("NOT_FOUND");
      const next = wire.send(get);
      await expect.poll(() => begun.length).toBe(3);
      begun[2]?.();
      expect((await next).code).toBe("NOT_FOUND");
    },
  );
});

it("goes on saying how it is", async () => {
  const { begun, wires, addresses } = await startSmall();
  const working = [wires[0]?.send(get), wires[1]?.send(get)];
  await expect.poll(() => begun.length).toBe(2);
  for (const path of ["/healthz", "/readyz"]) expect((await fetch(`http://${addresses.http}${path}`)).status).toBe(200);
  expect(await checkHealth(addresses.grpc)).toBe(0);
  for (const finish of begun) finish();
  await Promise.all(working);
});

it("keeps no place for a call that is over, however it ended", async () => {
  const places = createShed(1);
  const answers = [async () => allowed(1), async () => refused("INTERNAL", "no"), () => Promise.reject(new Error("no"))];
  for (const answer of [...answers, ...answers]) {
    await places
      .guard({ answer: answer as () => Promise<Result<unknown>> })
      .answer()
      .catch(() => undefined);
    expect(places.isFull()).toBe(false);
  }
});

it("never works on more at once than it may", async () => {
  const places = createShed(5);
  let [now, most, shed] = [0, 0, 0];
  const { work } = places.guard({
    work: async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, randomInt(5)));
      now -= 1;
      return allowed(undefined);
    },
  });
  const call = async (): Promise<void> => {
    const answer = await work();
    if (!answer.ok) shed += 1;
  };
  await Promise.all(
    Array.from({ length: 200 }, async () => {
      await new Promise((resolve) => setTimeout(resolve, randomInt(50)));
      await call();
    }),
  );
  expect([most, now, places.isFull()]).toEqual([5, 0, false]);
  expect(shed).toBeGreaterThan(0);
});

async function checkHealth(address: string): Promise<number> {
  const { Client, credentials } = await import("@grpc/grpc-js");
  const client = new Client(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  const same = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) =>
    client.makeUnaryRequest("/grpc.health.v1.Health/Check", same, same, Buffer.alloc(0), (error) => resolve(error?.code ?? 0)),
  );
}
