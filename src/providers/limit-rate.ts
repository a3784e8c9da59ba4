import type { SendResult } from "../otp/ports.ts";
import type { GuardedProvider } from "./guard-provider.ts";

/** Longer than that, a message is better off with another provider, and its reader with an error. */
const maxWaitSeconds = 5;

const throttled: SendResult = { outcome: "retryable", failure: "throttled", vendorCode: "per_second" };
const passedOver: SendResult = { outcome: "retryable", failure: "unreachable", vendorCode: "circuit_open" };

/**
 * Gives a provider at most so many messages in any second. What is more waits its turn, in order, as long as its signal allows;
 * what would wait too long is throttled at once, so that it can go elsewhere.
 */
export function limitRate(provider: GuardedProvider, perSecond: number): GuardedProvider {
  const bucket = createBucket(perSecond);
  return {
    ...provider,
    state: () => ({ ...provider.state(), waiting: bucket.waiting() }),
    async send(message, signal, onWritten) {
      const wasOpen = provider.openSince(message) !== undefined;
      const waits = !bucket.takeNow();
      if (waits && !(await bucket.takeLater(signal))) return throttled;
      // While it waited others may have found out that the provider does not answer.
      if (waits && !wasOpen && provider.openSince(message) !== undefined) return passedOver;
      return provider.send(message, signal, onWritten);
    },
  };
}

/** Each token comes back one second after it was taken, so that no second, wherever it begins, sees more of them than there are. */
function createBucket(perSecond: number) {
  let tokens = perSecond;
  const queue = new Set<() => void>();
  const take = (): void => {
    tokens -= 1;
    setTimeout(giveBack, 1_000).unref();
  };
  const giveBack = (): void => {
    tokens += 1;
    const [first] = queue;
    first?.();
  };
  return {
    waiting: () => queue.size,
    takeNow(): boolean {
      if (tokens === 0 || queue.size > 0) return false;
      take();
      return true;
    },
    /** False when the queue is full, or the signal came first. */
    takeLater(signal: AbortSignal): Promise<boolean> {
      if (signal.aborted || queue.size >= perSecond * maxWaitSeconds) return Promise.resolve(false);
      return new Promise((resolve) => {
        const leave = (taken: boolean): void => {
          queue.delete(go);
          signal.removeEventListener("abort", giveUp);
          if (taken) take();
          resolve(taken);
        };
        const go = () => leave(true);
        const giveUp = () => leave(false);
        queue.add(go);
        signal.addEventListener("abort", giveUp);
      });
    },
  };
}
