import type { Config } from "../config/config.ts";
import { pause } from "../otp/pause.ts";
import type { Logger } from "../telemetry/log.ts";
import { createBackOff } from "./back-off.ts";
import { type Ending, type RunningWorker, runWorker, type Served } from "./run-worker.ts";

/** The place of one worker, which one process after another takes. */
export type Seat = {
  readonly worker: number;
  running?: RunningWorker;
  /** What the process that serves here was told to be. */
  given?: Config;
  isServing: boolean;
  failedStarts: number;
};

export type Deps = {
  readonly logger: Pick<Logger, "info" | "warn" | "error">;
  /** What a process that starts now is to be. */
  readonly current: () => Config;
  readonly stopping: AbortSignal;
  /** One serves, or serves no more. */
  readonly onChange: () => void;
  readonly onEnded: (seat: Seat) => void;
  /** Its process cannot be started, again and again. */
  readonly onHopeless: (message: string) => void;
};

export type Kept = { readonly first: Promise<Served>; readonly done: Promise<void> };

/** A start that takes that many tries is not worth more of them, if nobody serves. */
const hopelessStarts = 4;

/** Has a process in this seat until it is asked to stop. One that cannot be started the first time is left alone. */
export function keepWorker(seat: Seat, deps: Deps): Kept {
  const first = Promise.withResolvers<Served>();
  const backOff = createBackOff();
  let isFirst = true;
  const live = async (): Promise<number | undefined> => {
    const given = deps.current();
    const running = runWorker(given, seat.worker);
    Object.assign(seat, { running, given });
    // Asked to stop while it was being started.
    if (deps.stopping.aborted) running.stop();
    const served = await running.started;
    const since = performance.now();
    if (served.ok) take(seat, running, deps);
    first.resolve(served);
    const ending = await running.ended;
    seat.isServing = false;
    deps.onEnded(seat);
    deps.onChange();
    if (deps.stopping.aborted || (isFirst && !served.ok)) return undefined;
    isFirst = false;
    const waitMs = backOff.next(served.ok ? performance.now() - since : 0);
    report(seat, { served, ending, waitMs }, deps);
    return waitMs;
  };
  const keep = async (): Promise<void> => {
    for (let waitMs: number | undefined = 0; waitMs !== undefined && !deps.stopping.aborted; ) {
      await pause(waitMs, deps.stopping);
      if (!deps.stopping.aborted) waitMs = await live();
    }
  };
  return { first: first.promise, done: keep() };
}

function take(seat: Seat, { pid }: RunningWorker, { logger, onChange }: Deps): void {
  seat.isServing = true;
  seat.failedStarts = 0;
  logger.info({ event: "worker_started", worker: seat.worker, pid });
  onChange();
}

type Life = { readonly served: Served; readonly ending: Ending; readonly waitMs: number };

function report(seat: Seat, { served, ending, waitMs }: Life, { logger, onHopeless }: Deps): void {
  const { code: exitCode, signal } = ending;
  const line = { worker: seat.worker, pid: seat.running?.pid, exitCode, signal, restartInMs: waitMs };
  if (served.ok) return void logger.error({ event: "worker_ended", ...line });
  seat.failedStarts += 1;
  logger.error({ event: "worker_failed", ...line, message: served.message });
  if (seat.failedStarts >= hopelessStarts) onHopeless(served.message);
}
