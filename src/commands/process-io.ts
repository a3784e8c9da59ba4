import type { ProcessIo } from "./command.ts";

/** One Ctrl-C can arrive twice: from the terminal, and from npm, which passes it on. */
const sameSignalMs = 500;

/** The streams and signals of this process. Nobody has to read to the end: `| head` ends a command, and is no failure. */
export function createProcessIo(given: Pick<ProcessIo, "env" | "serve">): ProcessIo {
  const { stdout, stderr } = process;
  const ended = new AbortController();
  stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    ended.abort();
  });
  stderr.on("error", () => undefined);
  return {
    ...given,
    stdout: (text) => stdout.write(text),
    stderr: (text) => stderr.write(text),
    terminal: stderr.isTTY ? stderr : undefined,
    // When somebody reads it, and not before.
    get stdin() {
      return process.stdin;
    },
    interrupted() {
      watchSignals(ended);
      return ended.signal;
    },
  };
}

/** The second signal ends the process at once. */
function watchSignals(ended: AbortController): void {
  const signals = ["SIGINT", "SIGTERM"] as const;
  const abort = (): void => {
    ended.abort();
    setTimeout(() => {
      for (const each of signals) process.off(each, abort);
    }, sameSignalMs).unref();
  };
  for (const each of signals) process.on(each, abort);
}
