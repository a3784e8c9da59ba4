import { scrypt } from "node:crypto";
import { createTurns } from "./turns.ts";

/** Makes trying every code expensive even for a thief of both database and keys. */
export type Stretch = (code: string, salt: string, signal: AbortSignal) => Promise<string>;

/** OWASP's smallest recommended cost (N = 2^14, r = 8, p = 5 or N = 2^15, p = 3): 32 MiB and some 80 ms. */
const cost = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 2 ** 20 };

/**
 * At most `parallel` at once, the rest in line: a flood of guesses then costs its senders time, and cannot take every thread
 * and all memory. Who waits past the caller's deadline leaves the line.
 */
export function createStretch(parallel = 2): Stretch {
  const takeTurn = createTurns(parallel);
  return (code, salt, signal) =>
    takeTurn(async () => {
      signal.throwIfAborted();
      return derive(code, salt);
    });
}

const derive = (code: string, salt: string): Promise<string> =>
  new Promise((resolve, reject) => {
    scrypt(code, salt, 32, cost, (error, key) => (error ? reject(error) : resolve(key.toString("base64url"))));
  });
