import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { key, startWires, useCasesThat } from "./fixture.ts";
import type { WireClient } from "./wire-clients.ts";
import { wireClients } from "./wire-clients.ts";

let service: Awaited<ReturnType<typeof startWires>>;
let wires: WireClient[];
const seen: { atFirst: number | undefined; later: number | undefined }[] = [];

beforeAll(async () => {
  const useCases = useCasesThat({
    async verifyCode(_, { remainingMs }) {
      const atFirst = remainingMs?.();
      await setTimeout(100);
      seen.push({ atFirst, later: remainingMs?.() });
      return { ok: false, refusal: { reason: "CODE_MISMATCH", message: "no" } };
    },
  });
  service = await startWires({ useCases });
  wires = wireClients(service.addresses, key);
});

afterAll(async () => {
  for (const wire of wires) wire.close();
  await service.close();
});

it("a use case is told how much of the caller's time is left, on every wire", async () => {
  for (const wire of wires) {
    seen.length = 0;
    await wire.send({ method: "VerifyCode", timeout: { grpc: "5S", connect: "5000" } });
    const [{ atFirst = 0, later = 0 } = {}] = seen;
    expect(atFirst, wire.name).toBeGreaterThan(4_000);
    expect(atFirst, wire.name).toBeLessThanOrEqual(5_000);
    expect(atFirst - later, wire.name).toBeGreaterThanOrEqual(95);
  }
});

it("a caller that names no deadline has ours, or leaves it open", async () => {
  for (const wire of wires) {
    seen.length = 0;
    await wire.send({ method: "VerifyCode" });
    const [{ atFirst = 15_000 } = {}] = seen;
    expect(atFirst, wire.name).toBeGreaterThan(14_000);
    expect(atFirst, wire.name).toBeLessThanOrEqual(15_000);
  }
});
