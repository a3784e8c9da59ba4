import cluster, { type Worker } from "node:cluster";
import type { App } from "../app.ts";
import type { Config } from "../config/config.ts";
import type { MetricObject } from "../telemetry/metrics-together.ts";
import type { Answer, FromWorker, ToWorker } from "./messages.ts";
import { packConfig } from "./pack-config.ts";
import { shareConfig } from "./share-config.ts";

export type Served = { readonly ok: true; readonly addresses: App["addresses"] } | { readonly ok: false; readonly message: string };
export type Ending = { readonly code: number | null; readonly signal: string | null };

/** `ended`: it did so before it answered. */
export type Taken = "taken" | "ended" | { readonly failure: string };

/** The life of one process, from its start to its end. */
export type RunningWorker = {
  readonly pid: number | undefined;
  /** Settled when it serves, or cannot. */
  readonly started: Promise<Served>;
  readonly ended: Promise<Ending>;
  /** With a failure, it goes on with what it had. */
  reload(config: Config): Promise<Taken>;
  /** Undefined when it does not say. */
  readMetrics(): Promise<readonly MetricObject[] | undefined>;
  /** Finishes what it has begun, and ends. */
  stop(): void;
  kill(): void;
};

/** A reload may open mail servers and key services; numbers are read by whoever waits for a page. */
const patienceMs = { reload: 60_000, metrics: 3_000 };

export function runWorker(config: Config, worker: number): RunningWorker {
  const child = cluster.fork();
  const pack = (next: Config) => packConfig(shareConfig(next, worker));
  const questions = createQuestions(child);
  let hasEnded = false;
  const ended = new Promise<Ending>((resolve) => {
    const end = (code: number | null, signal: string | null): void => {
      hasEnded = true;
      questions.giveUp();
      resolve({ code, signal });
    };
    child.once("exit", end);
    // It could not even be started.
    child.once("error", () => end(null, null));
  });
  const started = new Promise<Served>((resolve) => {
    child.on("message", (message: FromWorker) => {
      if (message.kind === "ready") questions.tell({ kind: "start", config: pack(config), worker });
      else if (message.kind === "serving") resolve({ ok: true, addresses: message.addresses });
      else if (message.kind === "failed") resolve({ ok: false, message: message.message });
      else questions.answer(message);
    });
    void ended.then((ending) => resolve({ ok: false, message: `worker ${worker} ended before it served (${describeEnding(ending)})` }));
  });
  return {
    pid: child.process.pid,
    started,
    ended,
    async reload(next) {
      const answer = await questions.ask((id) => ({ kind: "reload", id, config: pack(next) }), patienceMs.reload);
      if (answer?.kind === "reloaded") return answer.failure === undefined ? "taken" : { failure: answer.failure };
      return hasEnded ? "ended" : { failure: "it does not answer" };
    },
    async readMetrics() {
      const answer = await questions.ask((id) => ({ kind: "metrics", id }), patienceMs.metrics);
      return answer?.kind === "metrics" ? answer.metrics : undefined;
    },
    stop: () => questions.tell({ kind: "stop" }),
    kill: () => void child.process.kill("SIGKILL"),
  };
}

export const describeEnding = ({ code, signal }: Ending): string => signal ?? `exit code ${code}`;

/** Messages to a worker, and its answers. */
function createQuestions(child: Worker) {
  const waiting = new Map<number, (answer: Answer | undefined) => void>();
  let last = 0;
  // One that is about to end takes nothing more; its end says so.
  const tell = (message: ToWorker): void => void (child.isConnected() && child.send(message, () => {}));
  return {
    tell,
    answer: (answer: Answer): void => waiting.get(answer.id)?.(answer),
    giveUp(): void {
      for (const resolve of waiting.values()) resolve(undefined);
    },
    async ask(question: (id: number) => ToWorker, ms: number): Promise<Answer | undefined> {
      last += 1;
      const id = last;
      const { promise, resolve } = Promise.withResolvers<Answer | undefined>();
      const timer = setTimeout(() => resolve(undefined), ms);
      waiting.set(id, resolve);
      if (child.isDead()) resolve(undefined);
      else tell(question(id));
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
        waiting.delete(id);
      }
    },
  };
}
