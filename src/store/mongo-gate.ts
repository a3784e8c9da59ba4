import { setTimeout as sleep } from "node:timers/promises";
import { StoreUnavailable } from "../otp/refusal.ts";

export type Gate = { run<T>(call: () => Promise<T>): Promise<T>; close(): void };

type GateOptions = {
  /** Resolves when the database answers again. */
  readonly probe: () => Promise<unknown>;
  readonly maxInFlight: number;
  readonly failuresInRow?: number;
  readonly probeEveryMs?: number;
};

/**
 * Keeps calls from piling up in front of a database that does not answer: each would wait for its own time-out. After some
 * failures during which nobody else was answered every call fails at once, until a probe of our own, and no user's call, has
 * found the database back.
 */
export function createGate({ probe, maxInFlight, failuresInRow = 3, probeEveryMs = 200 }: GateOptions): Gate {
  let inFlight = 0;
  let failures = 0;
  let lastAnswerAt = Number.NEGATIVE_INFINITY;
  let down: StoreUnavailable | undefined;
  const closing = new AbortController();

  const watchForReturn = async (): Promise<void> => {
    while (down && !closing.signal.aborted) {
      await sleep(probeEveryMs, undefined, { ref: false });
      if (!(await succeeds(probe))) continue;
      // Calls that were lost with the outage may fail late; they are no sign of another.
      lastAnswerAt = performance.now();
      [down, failures] = [undefined, 0];
    }
  };

  const failed = (error: StoreUnavailable, startedAt: number): void => {
    failures = lastAnswerAt > startedAt ? 0 : failures + 1;
    if (down || failures < failuresInRow) return;
    down = error;
    void watchForReturn();
  };

  return {
    async run(call) {
      if (down) throw new StoreUnavailable(down.cause);
      if (inFlight >= maxInFlight) throw new StoreUnavailable(new Error(`${inFlight} calls are waiting for the database already`));
      inFlight += 1;
      const startedAt = performance.now();
      try {
        const result = await call();
        lastAnswerAt = performance.now();
        return result;
      } catch (error) {
        if (error instanceof StoreUnavailable) failed(error, startedAt);
        throw error;
      } finally {
        inFlight -= 1;
      }
    },
    close: () => closing.abort(),
  };
}

const succeeds = (probe: () => Promise<unknown>): Promise<boolean> =>
  probe().then(
    () => true,
    () => false,
  );
