import { setTimeout as sleep } from "node:timers/promises";
import { type Counter, earliest, emptyCounter, findFull, giveBackTo, takeFrom } from "../../src/otp/limit-counter.ts";
import type { LimitStore } from "../../src/otp/store-ports.ts";

/**
 * Limits that are wrong on purpose: they read, decide by the right rules, and then write. Every race of `limits-races.ts` must be lost on
 * them; one that is not proves nothing of the stores that pass.
 */
export function brokenLimits(count: number): LimitStore[] {
  const database = new Map<string, Counter>();
  return Array.from({ length: count }, () => brokenStore(database));
}

const brokenStore = (database: Map<string, Counter>): LimitStore => ({
  async takeLimits(takes) {
    await wire();
    const now = Date.now();
    const asked = takes.map((take) => ({ take, counter: database.get(take.id) ?? emptyCounter }));
    const full = asked.flatMap(({ take, counter }) => findFull(counter, take, now) ?? []);
    const refusing = full.filter(({ id }) => takes.some((take) => take.id === id && !take.isAdvisory));
    if (refusing.length > 0) return { status: "full", full: refusing };
    await wire();
    for (const { take, counter } of asked) if (!full.some(({ id }) => id === take.id)) database.set(take.id, takeFrom(counter, take, now));
    return { status: "taken", full };
  },
  async giveBackLimits({ takes, beganAtMs }) {
    await wire();
    const now = Date.now();
    for (const take of takes) {
      const counter = database.get(take.id);
      if (counter) database.set(take.id, giveBackTo(counter, take, { now, since: earliest(now, beganAtMs) }));
    }
  },
});

/** The way to a database and back: every call takes it at its own pace. */
const wire = (): Promise<void> => sleep(Math.random() * 4);
