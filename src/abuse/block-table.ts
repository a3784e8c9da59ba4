import { pause } from "../otp/pause.ts";
import { StoreUnavailable } from "../otp/refusal.ts";
import type { TrafficStore } from "../otp/store-ports.ts";
import type { Block } from "../otp/traffic.ts";
import { nameOf } from "./places.ts";

export type BlockTableOptions = {
  readonly store: Pick<TrafficStore, "listBlocks" | "countHits">;
  readonly refreshMs?: number;
  readonly onFault: (cause: unknown) => void;
};

/** More are not looked at: an attack on so many places at once has tripped the caps on spending long before. */
const maxBlocks = 10_000;

/**
 * The blocks that are running, kept in memory: a send asks it without a round trip. All replicas share them through the store, and
 * each looks again every other second; while the store is away, those that are known stay.
 */
export async function openBlockTable({ store, refreshMs = 2_000, onFault }: BlockTableOptions) {
  let blocks: ReadonlyMap<string, Block> = new Map();
  const hits = new Map<string, number>();
  const stopped = new AbortController();

  async function refresh(): Promise<void> {
    const counted = [...hits].map(([key, number]) => ({ key, hits: number }));
    hits.clear();
    if (counted.length > 0) await store.countHits(counted);
    const running = await store.listBlocks({ limit: maxBlocks });
    blocks = new Map(running.map((block) => [nameOf(block), block]));
  }

  async function loop(): Promise<void> {
    while (!stopped.signal.aborted) {
      await pause(refreshMs, stopped.signal);
      if (stopped.signal.aborted) return;
      await refresh().catch((cause) => {
        if (!(cause instanceof StoreUnavailable)) onFault(cause);
      });
    }
  }

  await refresh();
  void loop();
  return {
    refresh,
    /** By what the place is, not by its key in the store: a send looks for every beginning of its number, and each key is a digest. */
    find: (place: Pick<Block, "application" | "kind" | "label">): Block | undefined => blocks.get(nameOf(place)),
    /** Known here at once, and to the others when they look. */
    add(block: Block): void {
      blocks = new Map(blocks).set(nameOf(block), block);
    },
    hit(key: string): void {
      hits.set(key, (hits.get(key) ?? 0) + 1);
    },
    /** Does not wait for a store that may not answer. */
    async close(): Promise<void> {
      stopped.abort();
    },
  };
}

export type BlockTable = Awaited<ReturnType<typeof openBlockTable>>;
