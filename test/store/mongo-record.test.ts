import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { forgetFailuresMs, rememberMs } from "../../src/otp/ledger.ts";
import { never } from "../../src/otp/ledger-limits.ts";
import type { LedgerStore } from "../../src/otp/store-ports.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { findMongo } from "./databases.ts";
import { plantInMongo } from "./plant.ts";
import { authenticatorWith, guessing, limitsWith, minute, newRef, opening, openingUnsent, recording, resending } from "./requests.ts";

const mongo = await findMongo();
afterAll(() => mongo?.stop());

describe.skipIf(!mongo)("a ledger in MongoDB", () => {
  const url = mongo?.newDatabase() ?? "";
  let store: LedgerStore;
  let client: MongoClient;
  beforeAll(async () => {
    store = await openMongoStore({ url, maxPoolSize: 2, timeoutMs: 10_000 });
    client = new MongoClient(url);
  });
  afterAll(async () => {
    await store?.close();
    await client?.close();
    await mongo?.drop(url);
  });
  const ledgers = () => client.db().collection<{ _id: string; at: Date; purgeAt: Date; keepUntil: Date; wakeAt?: Date }>("ledgers");
  const keptFor = async (ledger: string) => {
    const record = await ledgers().findOne({ _id: ledger });
    return Number(record?.purgeAt) - Number(record?.at);
  };

  test("is purged by an index, which any number of stores make once", async () => {
    const again = await Promise.all([openMongoStore({ url }), openMongoStore({ url })]);
    await Promise.all(again.map((other) => other.close()));
    const indexes = (await ledgers().indexes()).filter(({ key }) => "purgeAt" in key);
    expect(indexes).toEqual([expect.objectContaining({ key: { purgeAt: 1 }, expireAfterSeconds: 0 })]);
  });

  test("is kept while a challenge is remembered or a window counts, and for a year after a failure that nothing forgave", async () => {
    const limits = limitsWith({ sendWindows: [{ windowMs: minute, max: 9 }] });
    const ref = newRef();
    await store.open(opening(ref, { limits, lifetimeMs: 5 * minute }));
    expect(await keptFor(ref.ledger)).toBe(5 * minute + rememberMs);
    await store.verify(guessing(ref, "wrong", { limits }));
    expect(await keptFor(ref.ledger)).toBe(forgetFailuresMs);
    await store.verify(guessing(ref, "right", { limits }));
    expect(await keptFor(ref.ledger)).toBeGreaterThan(4 * minute + rememberMs);
    expect(await keptFor(ref.ledger)).toBeLessThanOrEqual(5 * minute + rememberMs);

    const long = limitsWith({ sendWindows: [{ windowMs: 1_440 * minute, max: 9 }] });
    const other = newRef();
    await store.open(opening(other, { limits: long, lifetimeMs: 5 * minute }));
    expect(await keptFor(other.ledger)).toBe(1_440 * minute);
  });

  test("is kept for ever while an authenticator is active, whatever is done to it", async () => {
    const ref = newRef();
    const purgeAt = async () => Number((await ledgers().findOne({ _id: ref.ledger }))?.purgeAt);
    const whatever = [
      () => store.openUnsent(openingUnsent(ref)),
      () => store.verify(guessing(ref, "", { claim: null })),
      () => store.verify(guessing(ref, "", { claim: { authenticator: "a1", position: 7, drift: 0 } })),
      () => store.charge({ ...ref, limits: limitsWith() }),
      () => store.forgive(ref.ledger),
      () => store.open(opening({ ...ref, nonce: newRef().nonce })),
    ];
    await plantInMongo(url)(ref, { a1: authenticatorWith() });
    for (const call of whatever) {
      await call();
      expect(await purgeAt()).toBe(never);
    }
  });

  test("is woken by a sparse index, which holds only records that wait for something", async () => {
    const indexes = (await ledgers().indexes()).filter(({ key }) => "wakeAt" in key);
    expect(indexes).toEqual([expect.objectContaining({ key: { wakeAt: 1 }, sparse: true })]);
    const wakeAt = async (ledger: string) => Number((await ledgers().findOne({ _id: ledger }))?.wakeAt);
    const fallback = { channels: ["voice" as const, "email" as const], afterMs: minute };
    const ref = newRef();
    await store.open(opening(ref));
    expect(await wakeAt(ref.ledger)).toBeNaN();
    const first = opening({ ...ref, nonce: newRef().nonce }, { fallback });
    await store.open(first);
    const opened = await wakeAt(ref.ledger);
    expect(opened).toBe(Number((await ledgers().findOne({ _id: ref.ledger }))?.at) + minute);
    await store.open(opening({ ...ref, nonce: newRef().nonce }, { fallback: { ...fallback, afterMs: 2 * minute } }));
    expect(await wakeAt(ref.ledger)).toBe(opened);
    await store.recordDelivery(recording(first, first.message.deliveryId, { state: "failed" }));
    expect(await wakeAt(ref.ledger)).toBe(0);
    await store.resend(resending(first, { insteadOf: first.message.deliveryId, message: { channel: "voice" } }));
    expect(await wakeAt(ref.ledger)).toBeGreaterThanOrEqual(opened);
    await store.endFallback(first);
    expect(await wakeAt(ref.ledger)).toBeGreaterThan(opened + minute / 2);

    const other = newRef();
    await store.open(opening(other, { fallback }));
    await store.resend(resending(other));
    await store.dueFallbacks({ before: Date.now() + 10 * minute, limit: 100 });
    expect(await wakeAt(other.ledger)).toBeNaN();
  });

  test("two replicas that are told of the same messages in other orders do not wait for each other", async () => {
    const others = await Promise.all([0, 1].map(() => openMongoStore({ url, timeoutMs: 5_000 })));
    const sends = Array.from({ length: 60 }, () => opening(newRef()));
    await Promise.all(sends.map((send) => store.open(send)));
    for (const state of ["unknown", "accepted", "delivered", "failed"] as const) {
      const reports = sends.map((send) => recording(send, send.message.deliveryId, { state }));
      const [one, other] = others.map((replica, i) => (i ? reports.toReversed() : reports).map((report) => replica.recordDelivery(report)));
      await Promise.all([...(one ?? []), ...(other ?? [])]);
    }
    const views = await Promise.all(sends.map((send) => store.read(send)));
    expect(views.flatMap((view) => Object.values(view?.challenge.deliveries ?? {}).map(({ state }) => state))).toEqual(
      sends.map(() => "failed"),
    );
    await Promise.all(others.map((replica) => replica.close()));
  }, 30_000);

  test("whoever hammers one of them does not hold up the others", async () => {
    const [hammered, other] = [newRef(), newRef()];
    await store.open(opening(hammered));
    await store.open(opening(other));
    let answered = 0;
    const hammer = Array.from({ length: 150 }, () => store.verify(guessing(hammered, "wrong")).then(() => answered++));
    expect(await store.verify(guessing(other, "right"))).toMatchObject({ status: "approved" });
    expect(answered).toBeLessThan(50);
    await Promise.all(hammer);
  });
});
