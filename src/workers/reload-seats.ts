import type { Config } from "../config/config.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Seat } from "./keep-workers.ts";
import type { RunningWorker } from "./run-worker.ts";

type Live = { config: Config };
type Serving = Seat & { readonly running: RunningWorker };

export type ReloadSeats = {
  /** All serve by it, or, when this rejects, all go on with the one before. */
  all(next: Config): Promise<void>;
  /** Gives whoever serves by another configuration than the live one that one. */
  bringUp(): Promise<void>;
};

/** Workers read no files: each is given the one configuration that was checked. */
export function reloadSeats(seats: readonly Seat[], live: Live, logger: Pick<Logger, "error">): ReloadSeats {
  let isReloading = false;
  const serving = (): Serving[] => seats.filter((seat): seat is Serving => seat.isServing && seat.running !== undefined);
  /** Whoever cannot, ends: what it is started with is the live configuration. */
  const bring = async (seat: Serving): Promise<void> => {
    const { running } = seat;
    const config = live.config;
    seat.given = config;
    const taken = await running.reload(config);
    if (typeof taken === "string") return;
    logger.error({ event: "worker_differs", worker: seat.worker, message: `${taken.failure}; it is ended, and started anew` });
    running.kill();
  };
  const bringUp = async (): Promise<void> => {
    if (isReloading) return;
    await Promise.all(
      serving()
        .filter(({ given }) => given !== live.config)
        .map(bring),
    );
  };
  return {
    bringUp,
    async all(next) {
      isReloading = true;
      try {
        const asked = serving();
        const answers = await Promise.all(asked.map(async (seat) => ({ seat, taken: await seat.running.reload(next) })));
        const failed = answers.find(({ taken }) => typeof taken === "object");
        if (failed && typeof failed.taken === "object") {
          // Also whoever has failed, since an answer may have been too late for us.
          await Promise.all(asked.map(bring));
          throw new Error(`worker ${failed.seat.worker}: ${failed.taken.failure}`);
        }
        for (const { seat, taken } of answers) if (taken === "taken") seat.given = next;
        live.config = next;
      } finally {
        isReloading = false;
      }
      await bringUp();
    },
  };
}
