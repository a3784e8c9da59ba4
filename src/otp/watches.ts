/**
 * Who watches which challenge in this process. All who watch one challenge share one poll, so that the store is asked once for
 * all of them; what this process changes itself is told at once. Change streams would tell of other replicas' changes sooner,
 * but neither every MongoDB nor SQLite has them.
 */
import type { ChallengeRef } from "./ledger.ts";
import { createPoll, type Poll, type Reading } from "./poll.ts";
import type { LedgerStore } from "./store-ports.ts";
import { createTurns, type TakeTurn } from "./turns.ts";
import { createPlaces, type PlaceBounds, type Places, placeBounds, type WatchScope } from "./watch-places.ts";

export type News =
  | Reading
  /** No place is left for another watcher of this challenge, of this application, or at all. */
  | { readonly status: "full"; readonly scope: WatchScope }
  | { readonly status: "closing" };

export type Watches = {
  /** The newest reading, again and again: whoever takes them slowly misses those between. The first was begun after the call. */
  watch(ref: ChallengeRef, signal: AbortSignal): AsyncIterable<News>;
  /** To be called when this process has changed a challenge. */
  changed(ref: ChallengeRef): void;
  /** Ends every watch and refuses all that come. */
  close(): void;
};

export type WatchBounds = PlaceBounds & Readonly<Record<"readsAtOnce" | "readsPerSecond" | "longestPauseMs", number>>;

export const watchBounds: WatchBounds = {
  ...placeBounds,
  /** Calls always find a connection to the store (of 64 to MongoDB), however many watchers there are. */
  readsAtOnce: 16,
  longestPauseMs: 2_000,
  /** Beyond this many in all, challenges that do not change are read more seldom still. */
  readsPerSecond: 500,
};

type Watcher = { seen: number; wake: () => void };
type Watched = { readonly poll: Poll; readonly watchers: Set<Watcher>; latest: { readonly number: number; readonly reading: Reading } };
type State = {
  readonly ledgers: Pick<LedgerStore, "read">;
  readonly bounds: WatchBounds;
  readonly places: Places;
  readonly takeTurn: TakeTurn;
  readonly watched: Map<string, Watched>;
  isClosed: boolean;
};

const closing: News = { status: "closing" };

export function createWatches(ledgers: Pick<LedgerStore, "read">, bounds: WatchBounds = watchBounds): Watches {
  const [places, takeTurn] = [createPlaces(bounds), createTurns(bounds.readsAtOnce)];
  const state: State = { ledgers, bounds, places, takeTurn, watched: new Map(), isClosed: false };
  return {
    watch: (ref, signal) => watch(state, ref, signal),
    changed: (ref) => state.watched.get(keyOf(ref))?.poll.readNow(),
    close: () => {
      state.isClosed = true;
      for (const { poll, watchers } of state.watched.values()) {
        poll.stop();
        wakeAll(watchers);
      }
    },
  };
}

async function* watch(state: State, ref: ChallengeRef, signal: AbortSignal): AsyncGenerator<News, void> {
  if (state.isClosed) return yield closing;
  const scope = state.places.take(ref.application, state.watched.get(keyOf(ref))?.watchers.size ?? 0);
  if (scope) return yield { status: "full", scope };
  const watched = state.watched.get(keyOf(ref)) ?? startWatching(state, ref);
  const watcher: Watcher = { seen: watched.poll.begun(), wake: () => {} };
  const wake = (): void => watcher.wake();
  watched.watchers.add(watcher);
  signal.addEventListener("abort", wake);
  try {
    watched.poll.readNow();
    for (;;) {
      signal.throwIfAborted();
      if (state.isClosed) return yield closing;
      const { number, reading } = watched.latest;
      if (number > watcher.seen) {
        watcher.seen = number;
        yield reading;
      } else {
        await new Promise<void>((resolve) => {
          watcher.wake = resolve;
        });
      }
    }
  } finally {
    signal.removeEventListener("abort", wake);
    watched.watchers.delete(watcher);
    state.places.leave(ref.application);
    if (watched.watchers.size === 0) stopWatching(state, ref, watched);
  }
}

function startWatching({ ledgers, bounds, takeTurn, watched }: State, ref: ChallengeRef): Watched {
  const watchers = new Set<Watcher>();
  const poll = createPoll({
    // Whoever was waited for may be gone when its turn comes.
    read: () => takeTurn(async () => (watchers.size > 0 ? ledgers.read(ref) : undefined)),
    longestPauseMs: () => Math.max(bounds.longestPauseMs, (watched.size / bounds.readsPerSecond) * 1_000),
    tell: (number, reading) => {
      fresh.latest = { number, reading };
      wakeAll(watchers);
    },
  });
  const fresh: Watched = { poll, watchers, latest: { number: 0, reading: { status: "read", view: undefined } } };
  watched.set(keyOf(ref), fresh);
  return fresh;
}

function stopWatching({ watched }: State, ref: ChallengeRef, { poll }: Watched): void {
  poll.stop();
  watched.delete(keyOf(ref));
}

const wakeAll = (watchers: ReadonlySet<Watcher>): void => {
  for (const watcher of watchers) watcher.wake();
};

/** The id alone is not enough: another application may ask for it, and must not find it. */
const keyOf = ({ application, ledger, nonce }: ChallengeRef): string => `${ledger}${nonce}${application}`;
