import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Message, SendResult } from "../../src/otp/ports.ts";
import { guardProvider } from "../../src/providers/guard-provider.ts";
import { limitRate } from "../../src/providers/limit-rate.ts";
import { accepted, unreachable } from "./carrying.ts";
import { smsMessage } from "./messages.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const ownLimit = { outcome: "retryable", failure: "throttled", vendorCode: "per_second" };
const patient = () => new AbortController().signal;

function createLimited(perSecond: number, answer: () => SendResult = () => accepted) {
  const sent: { deliveryId: string; at: number }[] = [];
  const started = performance.now();
  const send = async ({ deliveryId }: Message) => {
    sent.push({ deliveryId, at: Math.round(performance.now() - started) });
    return answer();
  };
  const limited = limitRate(guardProvider({ name: "a", send }, { failures: 3, openMs: 10_000, onChange: () => {} }), perSecond);
  const order = (id: number, signal = patient()) => limited.send({ ...smsMessage, deliveryId: String(id) }, signal);
  return { sent, limited, order };
}

test("a burst leaves in order, at no moment more than so many in one second", async () => {
  const f = createLimited(10);
  const burst = Array.from({ length: 35 }, (_, id) => f.order(id));
  await vi.advanceTimersByTimeAsync(500);
  burst.push(...Array.from({ length: 5 }, (_, id) => f.order(35 + id)));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await Promise.all(burst)).toEqual(Array(40).fill(accepted));
  expect(f.sent.map(({ deliveryId }) => deliveryId)).toEqual(Array.from({ length: 40 }, (_, id) => String(id)));
  for (const { at } of f.sent) expect(f.sent.filter((each) => each.at >= at && each.at < at + 1_000).length).toBeLessThanOrEqual(10);
  expect(f.sent.at(-1)?.at).toBe(3_000);
});

test("what would wait more than five seconds is throttled at once", async () => {
  const f = createLimited(2);
  const burst = Array.from({ length: 20 }, (_, id) => f.order(id));
  const settled: number[] = [];
  burst.forEach((each, id) => void each.then((result) => result.outcome === "retryable" && settled.push(id)));
  await vi.advanceTimersByTimeAsync(0);
  expect(settled).toEqual([12, 13, 14, 15, 16, 17, 18, 19]);
  expect(await burst[12]).toEqual(ownLimit);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(f.sent).toHaveLength(12);
});

test("who gives up leaves the queue, and the next one moves up", async () => {
  const f = createLimited(1);
  await f.order(0);
  const impatient = new AbortController();
  const waiting = [f.order(1, impatient.signal), f.order(2)];
  await vi.advanceTimersByTimeAsync(400);
  impatient.abort();
  expect(await waiting[0]).toEqual(ownLimit);
  await vi.advanceTimersByTimeAsync(600);
  expect(await waiting[1]).toEqual(accepted);
  expect(f.sent).toEqual([
    { deliveryId: "0", at: 0 },
    { deliveryId: "2", at: 1_000 },
  ]);
});

test("who comes with a signal that has ended takes nobody's turn", async () => {
  const f = createLimited(1);
  await f.order(0);
  expect(await f.order(1, AbortSignal.abort())).toEqual(ownLimit);
  expect(f.sent).toHaveLength(1);
});

test("nobody overtakes: a late one waits behind those who wait", async () => {
  const f = createLimited(1);
  const first = [f.order(0), f.order(1), f.order(2)];
  await vi.advanceTimersByTimeAsync(999);
  first.push(f.order(3));
  await vi.advanceTimersByTimeAsync(1);
  first.push(f.order(4));
  await vi.advanceTimersByTimeAsync(5_000);
  await Promise.all(first);
  expect(f.sent.map(({ deliveryId }) => deliveryId)).toEqual(["0", "1", "2", "3", "4"]);
});

test("after a quiet time the whole second's worth may leave at once, and no more", async () => {
  const f = createLimited(3);
  await f.order(0);
  await vi.advanceTimersByTimeAsync(60_000);
  for (let id = 1; id < 7; id += 1) void f.order(id);
  await vi.advanceTimersByTimeAsync(0);
  expect(f.sent).toHaveLength(4);
});

test("our own limit is no fault of the provider's", async () => {
  const f = createLimited(1);
  await Promise.all(Array.from({ length: 5 }, (_, id) => f.order(id, id === 0 ? patient() : AbortSignal.abort())));
  expect(f.limited.openSince(smsMessage)).toBeUndefined();
});

test("those who wait for a provider that meanwhile is known to be down go elsewhere", async () => {
  const f = createLimited(4, () => unreachable);
  const burst = Array.from({ length: 8 }, (_, id) => f.order(id));
  await vi.advanceTimersByTimeAsync(2_000);
  const results = await Promise.all(burst);
  expect(results.slice(0, 4)).toEqual(Array(4).fill(unreachable));
  expect(results.slice(4)).toEqual(Array(4).fill({ outcome: "retryable", failure: "unreachable", vendorCode: "circuit_open" }));
  expect(f.sent).toHaveLength(4);
  expect(await f.order(9)).toEqual(unreachable);
});
