import type { TrafficStore } from "../../src/otp/store-ports.ts";
import { addTraffic, type Block, raiseBlock, type Traffic } from "../../src/otp/traffic.ts";

/** The rules over two maps and a clock that the test turns. */
export function createMemoryTraffic(clock: { now: number }) {
  const traffic = new Map<string, Traffic>();
  const blocks = new Map<string, Block>();
  const store: TrafficStore = {
    countTraffic: async (adds) =>
      adds.map((add) => {
        const counted = addTraffic(traffic.get(add.key), add, clock.now);
        traffic.set(add.key, counted);
        return counted;
      }),
    async raiseBlock(request) {
      const block = raiseBlock(blocks.get(request.key), request, clock.now);
      blocks.set(request.key, block);
      return block;
    },
    listBlocks: async ({ limit }) => [...blocks.values()].filter(({ until }) => until > clock.now).slice(0, limit),
    async countHits(counted) {
      for (const { key, hits } of counted) {
        const block = blocks.get(key);
        if (block) blocks.set(key, { ...block, hits: block.hits + hits });
      }
    },
    async endBlock(key) {
      const block = blocks.get(key);
      if (!block || block.until <= clock.now) return false;
      blocks.set(key, { ...block, until: clock.now });
      return true;
    },
  };
  return { store, traffic, blocks };
}
