/** The server's time, as far as its answers tell: the device's own clock may be hours off. */
export type ServerClock = {
  /** The server said that it is this late (or later, since the answer took its time). */
  observe(serverMs: number): void;
  /** Milliseconds since 1970; never later than the server's time, so that nobody is told to go ahead too soon. */
  now(): number;
};

/** `elapsed` counts milliseconds and never goes back, as `performance.now` does. */
export function createServerClock(elapsed: () => number): ServerClock {
  let offset = Number.NEGATIVE_INFINITY;
  return {
    observe(serverMs) {
      if (Number.isFinite(serverMs)) offset = Math.max(offset, serverMs - elapsed());
    },
    now: () => elapsed() + offset,
  };
}
