import type { ChallengeView } from "./ledger.ts";
import { StoreUnavailable } from "./refusal.ts";

/** What came of reading a challenge once. */
export type Reading =
  | { readonly status: "read"; readonly view: ChallengeView | undefined }
  /** The store has not answered for so long. */
  | { readonly status: "lost"; readonly forMs: number }
  | { readonly status: "failed"; readonly cause: unknown };

export type Poll = {
  /** Readings begun so far: each has its number. */
  begun(): number;
  /** What is asked for while a reading is under way is one more reading after it, since that one may have come too early. */
  readNow(): void;
  stop(): void;
};

type PollOptions = {
  readonly read: () => Promise<ChallengeView | undefined>;
  readonly longestPauseMs: () => number;
  readonly tell: (number: number, reading: Reading) => void;
};

/** Right after a change another one is likely (sent, then delivered; a guess, then the next). */
const shortestPauseMs = 250;
const growth = 1.5;
/** However close the expiry, since a store's clock may stand still. */
const leastPauseMs = 50;

/** Reads one challenge until it is stopped: often at first and after a change, then ever more seldom. */
export function createPoll({ read, longestPauseMs, tell }: PollOptions): Poll {
  let begun = 0;
  let isReading = false;
  let isAskedFor = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = shortestPauseMs;
  let before: string | undefined;
  let lostSince: number | undefined;

  const readNow = async (): Promise<void> => {
    clearTimeout(timer);
    isAskedFor = isReading;
    if (isReading || isStopped) return;
    isReading = true;
    begun += 1;
    const number = begun;
    const reading = await tryToRead();
    isReading = false;
    if (isStopped) return;
    tell(number, reading);
    const next = pauseAfter(reading);
    timer = setTimeout(readNow, isAskedFor ? 0 : next);
  };

  const tryToRead = async (): Promise<Reading> => {
    try {
      const view = await read();
      lostSince = undefined;
      return { status: "read", view };
    } catch (cause) {
      if (!(cause instanceof StoreUnavailable)) return { status: "failed", cause };
      lostSince ??= performance.now();
      return { status: "lost", forMs: performance.now() - lostSince };
    }
  };

  const pauseAfter = (reading: Reading): number => {
    const view = reading.status === "read" ? reading.view : undefined;
    const now = view ? JSON.stringify({ ...view, now: 0 }) : before;
    pauseMs = now === before ? Math.min(pauseMs * growth, longestPauseMs()) : shortestPauseMs;
    before = now;
    const untilExpiry = view ? view.challenge.expiresAt - view.now : 0;
    return untilExpiry > 0 ? Math.min(pauseMs, Math.max(untilExpiry, leastPauseMs)) : pauseMs;
  };

  return {
    begun: () => begun,
    readNow: () => void readNow(),
    stop: () => {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
