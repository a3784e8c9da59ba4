const firstMs = 1_000;
const longestMs = 30_000;
const quietMs = 60_000;

/** How long to wait before a worker is started anew: the longer, the more often it has ended, until it has served for a minute. */
export function createBackOff(): { next(servedMs: number): number } {
  let endings = 0;
  return {
    next(servedMs) {
      endings = servedMs >= quietMs ? 1 : endings + 1;
      // Not at once: of a provider's messages per second, the one before may have used its share.
      return Math.min(longestMs, firstMs * 2 ** Math.min(endings - 1, 10));
    },
  };
}
