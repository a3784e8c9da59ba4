import type { DatabaseSync } from "node:sqlite";

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Takes the write lock. SQLite's own busy handler sleeps up to 100 ms between tries, in which a busy process would take the
 * lock a hundred times over another's head; trying each millisecond shares it out.
 */
export const begin = (connection: DatabaseSync, patienceMs: number): void => whenFree(patienceMs, () => connection.exec("BEGIN IMMEDIATE"));

/** What meets another's lock is tried again until it is free. */
export function whenFree<T>(patienceMs: number, work: () => T): T {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (primaryCode(error) !== busy || performance.now() >= giveUpAt) throw error;
      Atomics.wait(sleeper, 0, 0, 1);
    }
  }
}

/** Commits what `work` did in the transaction begun before, or nothing of it. */
export function inTransaction<T>(connection: DatabaseSync, work: () => T): T {
  try {
    const done = work();
    connection.exec("COMMIT");
    return done;
  } catch (error) {
    // Some failures, such as a full disk, have rolled back by themselves.
    if (connection.isTransaction) connection.exec("ROLLBACK");
    throw error;
  }
}

const busy = 5;
const full = 13;
/** TOOBIG, CONSTRAINT and MISMATCH (https://www.sqlite.org/rescode.html): undone with their statement, and no other is harmed. */
const ofOneStatement = [18, 19, 20];

/** True for a failure of one operation, which leaves the transaction as it was before; false for one of file or disk. */
export function isOperationFault(error: unknown): boolean {
  const code = primaryCode(error);
  return code === undefined || ofOneStatement.includes(code);
}

/** After these the connection is as good as before. */
export function isPassing(error: unknown): boolean {
  const code = primaryCode(error);
  return code === busy || code === full;
}

function primaryCode(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: number };
  return errcode === undefined ? undefined : errcode & 0xff;
}
