import { scrypt } from "node:crypto";
import { createTurns } from "./turns.ts";

/** Makes trying every code expensive even for a thief of both database and keys. */
export type Stretch = (code: string, salt: string, signal: AbortSignal) => Promise<string>;

type Cost = { readonly N: number; readonly r: number; readonly p: number };

/** OWASP's smallest recommended cost (N = 2^14, r = 8, p = 5 or N = 2^15, p = 3): 32 MiB and some 80 ms. For codes of few digits. */
export const shortCodeCost: Cost = { N: 2 ** 15, r: 8, p: 3 };
/** 16 MiB and some 30 ms: enough where there are 2^56 codes to try. */
export const recoveryCodeCost: Cost = { N: 2 ** 14, r: 8, p: 1 };

/**
 * At most `parallel` at once, the rest in line: a flood of guesses then costs its senders time, and cannot take every thread
 * and all memory. Who waits past the caller's deadline leaves the line.
 */
export function createStretch(parallel = 2, cost = shortCodeCost): Stretch {
  const takeTurn = createTurns(parallel);
  return (code, salt, signal) =>
    takeTurn(async () => {
      signal.throwIfAborted();
      return derive(code, salt, cost);
    });
}

const derive = (code: string, salt: string, cost: Cost): Promise<string> =>
  new Promise((resolve, reject) => {
    scrypt(code, salt, 32, { ...cost, maxmem: 64 * 2 ** 20 }, (error, key) => (error ? reject(error) : resolve(key.toString("base64url"))));
  });
