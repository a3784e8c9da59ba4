import type { Worker } from "node:cluster";
import type { FromWorker, ToWorker } from "./messages.ts";
import type { PackedConfig } from "./pack-config.ts";

type Start = Extract<ToWorker, { readonly kind: "start" }>;

export type Supervisor = {
  readonly started: Promise<Start>;
  /** Told to stop, or the supervisor is no more. */
  readonly stopped: Promise<"told" | "lost">;
  onReload(reload: (id: number, config: PackedConfig) => Promise<void>): void;
  onMetrics(answer: (id: number) => Promise<void>): void;
  /** Resolves when it is on its way, or there is nobody to be told. */
  tell(message: FromWorker): Promise<void>;
};

export function listenToSupervisor(process: NodeJS.Process, worker: Worker): Supervisor {
  const started = Promise.withResolvers<Start>();
  const stopped = Promise.withResolvers<"told" | "lost">();
  const state = { isStarted: false, isStopping: false };
  let reload: ((id: number, config: PackedConfig) => Promise<void>) | undefined;
  let answer: ((id: number) => Promise<void>) | undefined;
  process.on("message", (message: ToWorker) => {
    if (message.kind === "start") {
      state.isStarted = true;
      started.resolve(message);
    } else if (message.kind === "reload") void reload?.(message.id, message.config);
    else if (message.kind === "metrics") void answer?.(message.id);
    else if (message.kind === "stop") {
      state.isStopping = true;
      stopped.resolve("told");
    }
  });
  worker.once("disconnect", () => {
    // Otherwise Node ends the process at once, which is right only when there is nothing to finish, or it is to end without finishing:
    // a supervisor that goes while it waits for its workers was asked a second time.
    worker.exitedAfterDisconnect = state.isStarted && !state.isStopping;
    stopped.resolve("lost");
  });
  const tell = (message: FromWorker): Promise<void> =>
    new Promise((resolve) => {
      if (process.connected) process.send?.(message, undefined, {}, () => resolve());
      else resolve();
    });
  // Until it serves, nothing else keeps it alive, and somebody who listened before may have let go of the channel.
  process.channel?.ref();
  void tell({ kind: "ready" });
  return {
    started: started.promise,
    stopped: stopped.promise,
    onReload(next) {
      reload = next;
    },
    onMetrics(next) {
      answer = next;
    },
    tell,
  };
}
