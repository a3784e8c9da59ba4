import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { ChallengeRef } from "../../src/otp/ledger.ts";
import type { LedgerStore } from "../../src/otp/store-ports.ts";
import type { LedgerLimits } from "../../src/otp/types.ts";
import { guessing } from "./requests.ts";

/** Timers may fire a little early. */
export const sleepAtLeast = (ms: number): Promise<void> => sleep(ms + 3);

export async function spendGuesses(store: LedgerStore, ref: ChallengeRef, count: number, limits: LedgerLimits): Promise<void> {
  for (let i = 0; i < count; i++) {
    expect(await store.verify(guessing(ref, "wrong", { limits }))).toMatchObject({ status: "mismatch" });
  }
}

/**
 * Calls until it is no longer refused. The first answer must be the refusal; a call just before the time it told must be refused
 * too, unless the machine was too slow to come that early; the call after it must not. Answers with the last outcome.
 */
export async function waitsTruthfully<T extends { readonly status: string; readonly retryAfterMs?: number }>(
  call: () => Promise<T>,
  refusal: { readonly status: string; readonly scope?: string },
): Promise<T> {
  const refused = await call();
  const answeredAt = performance.now();
  expect(refused).toMatchObject(refusal);
  const wait = refused.retryAfterMs ?? Number.NaN;
  expect(wait).toBeGreaterThan(0);
  const early = answeredAt + wait - 120;
  await sleep(Math.max(0, early - performance.now()));
  if (performance.now() < answeredAt + wait - 100) {
    const before = await call();
    if (performance.now() < answeredAt + wait - 50) expect(before).toMatchObject(refusal);
    else if (before.status !== refusal.status) return before;
  }
  await sleepAtLeast(Math.max(0, answeredAt + wait - performance.now()));
  return call();
}
