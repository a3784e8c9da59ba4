import type { DatabaseSync } from "node:sqlite";
import type { TrafficStore } from "../otp/store-ports.ts";
import { addTraffic, type Block, forgetBlocksMs, keepTrafficMs, raiseBlock, type Traffic } from "../otp/traffic.ts";

type Verbs = { [V in keyof TrafficStore]: (request: Parameters<TrafficStore[V]>[0], now: number) => Awaited<ReturnType<TrafficStore[V]>> };

/** What is known of places and their blocks: read and written inside a transaction that someone else began. */
export type TrafficTables = Verbs & {
  /** Removes some that weigh nothing any more; says how many. */
  purge(): number;
};

export const trafficSchema = `
  CREATE TABLE traffic (key TEXT PRIMARY KEY, body TEXT NOT NULL, purge_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX traffic_purge_at ON traffic (purge_at);
  CREATE TABLE blocks (key TEXT PRIMARY KEY, body TEXT NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX blocks_until ON blocks (until);
`;

export function createTraffic(connection: DatabaseSync, purgedAtOnce: number): TrafficTables {
  const find = connection.prepare("SELECT body FROM traffic WHERE key = ?");
  const keep = connection.prepare("INSERT OR REPLACE INTO traffic (key, body, purge_at) VALUES (?, ?, ?)");
  const findBlock = connection.prepare("SELECT body FROM blocks WHERE key = ?");
  const keepBlock = connection.prepare("INSERT OR REPLACE INTO blocks (key, body, until) VALUES (?, ?, ?)");
  const running = connection.prepare("SELECT body FROM blocks WHERE until > ? ORDER BY until DESC LIMIT ?");
  const purge = [
    connection.prepare(`DELETE FROM traffic WHERE key IN (
      SELECT key FROM traffic WHERE purge_at <= unixepoch() * 1000 ORDER BY purge_at LIMIT ${purgedAtOnce})`),
    connection.prepare(`DELETE FROM blocks WHERE key IN (
      SELECT key FROM blocks WHERE until + ${forgetBlocksMs} <= unixepoch() * 1000 ORDER BY until LIMIT ${purgedAtOnce})`),
  ];
  const blockOf = (key: string) => read<Block>(findBlock.get(key));
  const write = (block: Block) => void keepBlock.run(block.key, JSON.stringify(block), block.until);
  return {
    countTraffic(adds, now) {
      const counted = new Map<string, Traffic>();
      for (const add of adds) counted.set(add.key, addTraffic(counted.get(add.key) ?? read<Traffic>(find.get(add.key)), add, now));
      for (const [key, traffic] of counted) keep.run(key, JSON.stringify(traffic), traffic.at + keepTrafficMs);
      return adds.map(({ key }) => counted.get(key) as Traffic);
    },
    raiseBlock(request, now) {
      const block = raiseBlock(blockOf(request.key), request, now);
      write(block);
      return block;
    },
    listBlocks: ({ limit }, now) => running.all(now, limit).flatMap((row) => read<Block>(row) ?? []),
    countHits(counted) {
      for (const { key, hits } of counted) {
        const block = blockOf(key);
        if (block) write({ ...block, hits: block.hits + hits });
      }
    },
    endBlock(key, now) {
      const block = blockOf(key);
      if (!block || block.until <= now) return false;
      // The end is a moment in the past, so that the next block is as long as if this one had run out.
      write({ ...block, until: now });
      return true;
    },
    purge: () => purge.reduce((purged, statement) => purged + Number(statement.run().changes), 0),
  };
}

function read<T>(row: unknown): T | undefined {
  if (!row) return undefined;
  try {
    return JSON.parse((row as { body: string }).body) as T;
  } catch {
    throw new Error("what is stored of traffic is damaged");
  }
}
