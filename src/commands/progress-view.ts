import { Presets, SingleBar } from "cli-progress";
import type { Progress } from "../otp/reencrypt-secrets.ts";
import type { ProcessIo } from "./command.ts";

export type ProgressView = { readonly show: (progress: Progress) => void; readonly end: () => void };

const everyMs = 2_000;

/** A bar on a terminal, and lines for a log otherwise; nothing where there is nothing to do. */
export const createProgressView = (io: ProcessIo, what = "secrets re-encrypted"): ProgressView =>
  io.terminal ? createBar(io.terminal) : createLines(io, what);

function createBar(stream: NonNullable<ProcessIo["terminal"]>): ProgressView {
  // The cursor stays: whoever interrupts the command must not lose it.
  const bar = new SingleBar(
    { stream, hideCursor: false, format: "{bar} {percentage}% | {value} of {total} | {eta_formatted} left" },
    Presets.legacy,
  );
  return {
    show({ done, total }) {
      if (total === 0) return;
      if (!bar.isActive) bar.start(total, done);
      bar.setTotal(total);
      bar.update(done);
    },
    end: () => bar.stop(),
  };
}

function createLines({ stderr }: ProcessIo, what: string): ProgressView {
  let last: Progress | undefined;
  let toldAt = Number.NEGATIVE_INFINITY;
  const tell = (): void => {
    if (last && last.total > 0) stderr(`${last.done} of ${last.total} ${what}\n`);
    toldAt = performance.now();
    last = undefined;
  };
  return {
    show(progress) {
      last = progress;
      if (performance.now() - toldAt >= everyMs) tell();
    },
    end: tell,
  };
}
