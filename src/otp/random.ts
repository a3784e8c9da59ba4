import { randomFillSync } from "node:crypto";
import type { RandomBytes } from "./code.ts";

/**
 * Random bytes drawn from the operating system's source by the page: one call for some eighty sends. Bytes are wiped as they are
 * handed out, so that no later read of memory tells what a code was made of.
 */
export function createRandom(fill: (page: Uint8Array<ArrayBuffer>) => void = randomFillSync, pageBytes = 4096): RandomBytes {
  const page = new Uint8Array(pageBytes);
  let used = pageBytes;
  return (length) => {
    if (length > pageBytes) throw new RangeError(`at most ${pageBytes} random bytes at once`);
    if (used + length > pageBytes) {
      fill(page);
      used = 0;
    }
    const bytes = page.slice(used, used + length);
    page.fill(0, used, used + length);
    used += length;
    return bytes;
  };
}
