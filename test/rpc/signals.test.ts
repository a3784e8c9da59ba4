import { setTimeout as sleep } from "node:timers/promises";
import { Client, credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, it } from "vitest";
import { key, startWires, useCasesThat } from "./fixture.ts";
import { wireClients } from "./wire-clients.ts";

let service: Awaited<ReturnType<typeof startWires>>;
const signals: AbortSignal[] = [];

beforeAll(async () => {
  const verifyCode = async (_: unknown, { signal }: { signal: AbortSignal }) => {
    signals.push(signal);
    return new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  service = await startWires({ useCases: useCasesThat({ verifyCode }) });
});

afterAll(() => service.close());

it.each(["gRPC", "gRPC-Web", "Connect", "JSON"])("%s: work stops at the deadline, and that is no fault", async (name) => {
  const wire = wireClients(service.addresses, key).find((each) => each.name === name);
  const received = await wire?.send({ method: "VerifyCode", timeout: { grpc: "50m", connect: "50" } });
  wire?.close();
  expect(received).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "DEADLINE_EXCEEDED" });
  await until(() => signals.at(-1)?.aborted === true);
  expect(service.failures).toEqual([]);
});

it("gRPC: work stops when the caller cancels", async () => {
  const client = new Client(service.addresses.grpc, credentials.createInsecure());
  const before = signals.length;
  const { Metadata } = await import("@grpc/grpc-js");
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${key}`);
  const identity = (bytes: Buffer): Buffer => bytes;
  const call = client.makeUnaryRequest(
    "/countersign.v1.CodeService/VerifyCode",
    identity,
    identity,
    Buffer.alloc(0),
    metadata,
    () => undefined,
  );
  await until(() => signals.length > before);
  call.cancel();
  await until(() => signals.at(-1)?.aborted === true);
  client.close();
  expect(service.failures).toEqual([]);
});

it("HTTP: work stops when the caller goes away", async () => {
  const before = signals.length;
  const away = new AbortController();
  const answer = fetch(`http://${service.addresses.http}/countersign.v1.CodeService/VerifyCode`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: "{}",
    signal: away.signal,
  });
  await until(() => signals.length > before);
  away.abort();
  await expect(answer).rejects.toThrow();
  await until(() => signals.at(-1)?.aborted === true);
  expect(service.failures).toEqual([]);
});

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 200; tries++) await sleep(10);
  expect(condition()).toBe(true);
}
