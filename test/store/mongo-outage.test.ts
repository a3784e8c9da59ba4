import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { monotonicMs } from "../../src/otp/limit-counter.ts";
import { StoreUnavailable } from "../../src/otp/refusal.ts";
import type { LedgerStore, LimitStore } from "../../src/otp/store-ports.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { findMongo } from "./databases.ts";
import { taking } from "./limits-requests.ts";

import { guessing, limitsWith, newRef, opening, openingUnsent, recording, resending } from "./requests.ts";
import { startWire, type Wire } from "./wire.ts";

const mongo = await findMongo();
afterAll(() => mongo?.stop());
const url = mongo?.newDatabase() ?? "";
const [, host = "", port = ""] = /^mongodb:\/\/(?:[^@/]*@)?([^:,/]+):(\d+)\//.exec(url) ?? [];
const timeoutMs = 1_000;

describe.skipIf(!mongo || !host)("a MongoDB that goes away", () => {
  let wire: Wire;
  let store: LedgerStore & LimitStore;
  beforeAll(async () => {
    wire = await startWire({ host, port: Number(port) });
    store = await openMongoStore({ url: through(wire), timeoutMs });
  });
  afterEach(async () => {
    wire.mend();
    await expect.poll(() => isUp(store), { timeout: 5_000 }).toBe(true);
  });
  afterAll(async () => {
    await store?.close();
    await wire?.close();
    await mongo?.drop(url);
  });

  test.each(["cut", "stall"] as const)("%s: every call is told so, in bounded time", async (how) => {
    const ref = newRef();
    const send = opening(ref);
    await store.open(send);
    wire[how]();
    const calls = [
      () => store.open(opening(newRef())),
      () => store.openUnsent(openingUnsent(newRef())),
      () => store.openUnsent(openingUnsent(newRef(), { hideAbsence: true })),
      () => store.resend(resending(ref, { insteadOf: send.message.deliveryId })),
      () => store.verify(guessing(ref, "right")),
      () => store.verify(guessing(ref, "right", { claim: { authenticator: "a1", position: 1, drift: 0 } })),
      () => store.cancel(ref),
      () => store.charge({ ...newRef(), limits: limitsWith() }),
      () => store.read(ref),
      () => store.recordDelivery(recording(ref, send.message.deliveryId)),
      () => store.recordDelivery(recording(ref, send.message.deliveryId, { state: "failed" })),
      () => store.dueFallbacks({ before: Date.now(), limit: 10 }),
      () => store.endFallback(ref),
      () => store.forgive(ref.ledger),
      () => store.takeLimits([taking()]),
      () => store.giveBackLimits({ takes: [taking()], beganAtMs: monotonicMs() }),
      () => store.ping(),
    ];
    const failures = await Promise.all(calls.map(failureOf));
    for (const { error, tookMs } of failures) {
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect((error as Error).cause).toBeInstanceOf(Error);
      expect(tookMs).toBeLessThan(2.5 * timeoutMs);
    }
  });

  test.each(["cut", "stall"] as const)("%s: calls do not pile up, and it is back within a second or so", async (how) => {
    const ref = newRef();
    await store.open(opening(ref));
    wire[how]();
    await Promise.all(Array.from({ length: 100 }, () => failureOf(() => store.verify(guessing(newRef(), "right")))));
    const known = await Promise.all(Array.from({ length: 1_000 }, () => failureOf(() => store.verify(guessing(ref, "right")))));
    for (const { error, tookMs } of known) {
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(tookMs).toBeLessThan(timeoutMs);
    }
    wire.mend();
    const mendedAt = performance.now();
    await expect.poll(() => isUp(store), { timeout: 5_000, interval: 20 }).toBe(true);
    expect(performance.now() - mendedAt).toBeLessThan(4_000);
    expect(await store.verify(guessing(ref, "right"))).toMatchObject({ status: "approved" });
  });

  test("one broken connection does not count as an outage", async () => {
    // Longer than a busy machine holds anybody up.
    const patient = await openMongoStore({ url: through(wire), timeoutMs: 10_000 });
    onTestFinished(() => patient.close());
    const calls = Array.from({ length: 200 }, async (_, i) => {
      await sleep(i);
      if (i === 50) {
        wire.cut();
        wire.mend();
      }
      return failureOf(() => patient.read(newRef()));
    });
    const failures = await Promise.all(calls);
    expect(failures.slice(150).filter(({ error }) => error)).toEqual([]);
  });

  test("an address where nobody answers is told of at the start", async () => {
    const started = performance.now();
    await expect(openMongoStore({ url: "mongodb://127.0.0.1:9/countersign?directConnection=true", timeoutMs })).rejects.toBeInstanceOf(
      StoreUnavailable,
    );
    expect(performance.now() - started).toBeLessThan(2.5 * timeoutMs);
  });
});

test("a URL without a database is refused, and not repeated", async () => {
  const error = await openMongoStore({ url: "mongodb://user:secret@127.0.0.1:9/?w=1" }).catch((error: unknown) => error);
  expect(String(error)).toContain("names no database");
  expect(String(error)).not.toContain("secret");
});

/** Directly: a driver that is told the names of a replica set's members would go around the wire. */
function through(wire: Wire): string {
  const onWire = url.replace(`${host}:${port}`, `127.0.0.1:${wire.port}`);
  if (onWire.includes("directConnection=")) return onWire;
  return `${onWire}${onWire.includes("?") ? "&" : "?"}directConnection=true`;
}

const isUp = (store: LedgerStore): Promise<boolean> => failureOf(() => store.ping()).then(({ error }) => error === undefined);

async function failureOf(call: () => Promise<unknown>): Promise<{ readonly error: unknown; readonly tookMs: number }> {
  const started = performance.now();
  const error = await call().then(
    () => undefined,
    (error: unknown) => error,
  );
  return { error, tookMs: performance.now() - started };
}
