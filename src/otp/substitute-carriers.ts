/** Who carries a message that goes nowhere. */
import type { RandomBytes } from "./code.ts";
import { createDurations, type Durations, drawBetween } from "./durations.ts";
import { pause } from "./pause.ts";
import type { Attempt, Carrier } from "./ports.ts";
import type { Caller } from "./types.ts";

/** A sandbox: taken at once. */
export const sandboxCarrier: Carrier = {
  async carry(_message, { onAttempt }) {
    const attempt: Attempt = { provider: "sandbox", result: { outcome: "accepted" }, durationMs: 0 };
    onAttempt(attempt);
    return attempt;
  },
};

/** Before there was any: what providers take who are well. */
const usualMs = [120, 450] as const;

/**
 * Takes as long as one of the last real sends by the same carrier did, so that a caller who measures cannot tell a suppressed send
 * from another. Both are measured from the moment on from which they differ. What services were sent counts only while no browser was sent
 * anything: it may not have waited for all that a browser waits for.
 */
export function createPretence(randomBytes: RandomBytes) {
  const known = new WeakMap<Carrier, Readonly<Record<Caller["kind"], Durations>>>();
  const durationsOf = (carrier: Carrier): Readonly<Record<Caller["kind"], Durations>> => {
    const durations = known.get(carrier) ?? { browser: createDurations(randomBytes), service: createDurations(randomBytes) };
    known.set(carrier, durations);
    return durations;
  };
  const settle = (carrier: Carrier, startedAt: number, signal: AbortSignal): Promise<void> => {
    const { browser, service } = durationsOf(carrier);
    const ms = browser.draw() ?? service.draw() ?? drawBetween(randomBytes, usualMs);
    return pause(startedAt + ms - performance.now(), signal);
  };
  return {
    saw: (carrier: Carrier, durationMs: number, kind: Caller["kind"]): void => durationsOf(carrier)[kind].saw(durationMs),
    /** Waits until a send that began then would usually have ended. */
    settle,
    carrierLike: (carrier: Carrier, startedAt: number, provider = ""): Carrier => ({
      async carry(_message, { signal }) {
        await settle(carrier, startedAt, signal);
        return { provider, result: { outcome: "accepted" }, durationMs: performance.now() - startedAt };
      },
    }),
  };
}

export type Pretence = ReturnType<typeof createPretence>;
