import { write } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const writeBytes = promisify(write);

/**
 * Where log lines go: gathered, and written by a thread of the pool, one write at a time. The event loop never waits for whoever
 * reads them, and a line costs a quarter of what it does through pino's own destination. After a pause the first line goes out
 * at once. What a crash loses is the last tenth of a second.
 */
export type LineWriter = {
  write(line: string): void;
  /** Writes what is left; gives up on a reader that takes nothing for a second, since to exit matters more. */
  close(): Promise<void>;
};

type Options = {
  readonly fd?: number;
  readonly delayMs?: number;
  /** Characters that wait at most; past that, lines are dropped and counted. */
  readonly maxLength?: number;
  /** Whether other processes write to the same place: then their lines never end up within one of ours. */
  readonly shared?: boolean;
};

/** What a pipe takes as a whole, or not at all (PIPE_BUF of Linux). */
const atomicBytes = 4_096;

const patienceMs = 1000;
const retryMs = 5;

export function createLineWriter({ fd = 1, delayMs = 100, maxLength = 8 * 2 ** 20, shared = false }: Options = {}): LineWriter {
  // To open it as a stream makes a pipe non-blocking. Otherwise a write to one that nobody reads would hold a thread of the pool, and
  // with it the exit of the process, for as long as it likes.
  if (fd === 1) process.stdout.on("error", () => {});
  const closing = new AbortController();
  let lines = "";
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> | undefined;
  let lastFlush = Number.NEGATIVE_INFINITY;
  const flush = (): void => {
    lastFlush = performance.now();
    flushing ??= writeAll(fd, take(), { signal: closing.signal, shared }).finally(() => {
      flushing = undefined;
      timer = undefined;
      if (lines !== "") schedule();
    });
  };
  const schedule = (): void => {
    timer ??= setTimeout(flush, Math.max(0, lastFlush + delayMs - performance.now())).unref();
  };
  const take = (): Buffer => {
    const note = dropped > 0 ? `${JSON.stringify({ level: "warn", event: "log_lines_dropped", count: dropped })}\n` : "";
    const taken = Buffer.from(lines + note);
    lines = "";
    dropped = 0;
    return taken;
  };
  return {
    write(line) {
      if (lines.length < maxLength) lines += line;
      else dropped += 1;
      schedule();
    },
    async close() {
      const patience = setTimeout(() => closing.abort(), patienceMs);
      await flushing;
      clearTimeout(timer);
      await writeAll(fd, take(), { signal: closing.signal, shared });
      clearTimeout(patience);
    },
  };
}

/** A full pipe answers EAGAIN; any other error means that nobody reads any more. */
async function writeAll(fd: number, bytes: Buffer, { signal, shared }: { signal: AbortSignal; shared: boolean }): Promise<void> {
  let rest = bytes;
  while (rest.length > 0 && !signal.aborted) {
    try {
      const part = shared ? rest.subarray(0, wholeLines(rest)) : rest;
      rest = rest.subarray((await writeBytes(fd, part)).bytesWritten);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) return;
      await sleep(retryMs);
    }
  }
}

/** How many bytes of whole lines a pipe takes at once; of a longer line, all. */
function wholeLines(bytes: Buffer): number {
  if (bytes.length <= atomicBytes) return bytes.length;
  const newline = 0x0a;
  const end = bytes.lastIndexOf(newline, atomicBytes - 1);
  return 1 + (end >= 0 ? end : bytes.indexOf(newline, atomicBytes));
}
