import type { RandomBytes } from "./code.ts";

/** How many of the last are remembered. */
const remembered = 64;

/** How long something took lately, to draw from for what shall look the same. */
export function createDurations(randomBytes: RandomBytes) {
  const seen: number[] = [];
  let next = 0;
  return {
    saw(ms: number): void {
      seen[next] = ms;
      next = (next + 1) % remembered;
    },
    /** Undefined before anything was seen. */
    draw: (): number | undefined => seen[Math.floor(randomOf(randomBytes) * seen.length)],
  };
}

export const drawBetween = (randomBytes: RandomBytes, [least, most]: readonly [number, number]): number =>
  least + randomOf(randomBytes) * (most - least);

/** From 0 to below 1. */
const randomOf = (randomBytes: RandomBytes): number => Buffer.from(randomBytes(4)).readUInt32BE() / 2 ** 32;

export type Durations = ReturnType<typeof createDurations>;
