import { expect, test } from "vitest";
import { createBackOff } from "../../src/workers/back-off.ts";

test("waits longer after each end, up to half a minute, and begins anew after a quiet minute", () => {
  const { next } = createBackOff();
  expect([0, 0, 59_999, 10, 0, 0, 0].map(next)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  expect([60_000, 0, 0].map(next)).toEqual([1_000, 2_000, 4_000]);
});

test("never waits longer, however often", () => {
  const { next } = createBackOff();
  const waits = Array.from({ length: 5_000 }, () => next(0));
  expect(Math.max(...waits)).toBe(30_000);
  expect(waits.at(-1)).toBe(30_000);
});
