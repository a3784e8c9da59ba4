import type { Worker } from "node:worker_threads";
import { StoreUnavailable } from "../otp/refusal.ts";
import type { Answer, Answered, Asked, FromWorker, ToWorker, Verb } from "./sqlite-protocol.ts";

/** Calls made while a commit is under way wait together and share the next one: one flush of the disk for all of them. */
export type Batches = {
  call<V extends Verb>(verb: V, request: Asked<V>): Promise<Answered<V>>;
  /** After what was called before has been answered. */
  close(): Promise<void>;
};

type Call = {
  readonly operation: string;
  readonly resolve: (outcome: unknown) => void;
  readonly reject: (error: Error) => void;
};

type State = {
  readonly startWorker: (isFirst: boolean) => Worker;
  waiting: Call[];
  /** The batch under way. */
  flying: readonly Call[] | undefined;
  isScheduled: boolean;
  /** The worker has not answered in time: its disk hangs. Nobody else is kept waiting for it. */
  isStalled: boolean;
  stallTimer: NodeJS.Timeout | undefined;
  worker: Worker | undefined;
  workersStarted: number;
};

const maxWaiting = 10_000;
const maxBatch = 256;
/** Longer than the worker waits for a lock. */
const stallMs = 5_000;

export function createBatches({ startWorker }: Pick<State, "startWorker">): Batches {
  const state: State = {
    startWorker,
    waiting: [],
    flying: undefined,
    isScheduled: false,
    isStalled: false,
    stallTimer: undefined,
    worker: undefined,
    workersStarted: 0,
  };
  // A thread takes longer to start than its caller to make the first call.
  state.worker = hire(state);
  let closed: Promise<void> | undefined;
  return {
    call: (verb, request) => (closed ? unavailable("the store is closed") : enqueue(state, verb, request)),
    close: () => {
      closed ??= end(state);
      return closed;
    },
  };
}

function enqueue<V extends Verb>(state: State, verb: V, request: Asked<V>): Promise<Answered<V>> {
  if (state.isStalled) return unavailable("the disk does not answer");
  if (state.waiting.length >= maxWaiting) return unavailable(`${maxWaiting} operations are waiting`);
  return new Promise((resolve, reject) => {
    const operation = JSON.stringify([verb, request]);
    state.waiting.push({ operation, resolve: resolve as Call["resolve"], reject });
    schedule(state);
  });
}

/** At the end of the turn of the event loop, so that what arrives together is committed together. */
function schedule(state: State): void {
  if (state.flying || state.isScheduled) return;
  state.isScheduled = true;
  setImmediate(fly, state);
}

function fly(state: State): void {
  state.isScheduled = false;
  const batch = state.waiting.length <= maxBatch ? state.waiting : state.waiting.slice(0, maxBatch);
  state.waiting = state.waiting.slice(batch.length);
  state.flying = batch;
  // The worker is not referenced; this timer keeps the process alive while someone waits for an answer, and no longer.
  state.stallTimer = setTimeout(stall, stallMs, state);
  state.worker ??= hire(state);
  post(state.worker, { kind: "batch", operations: `[${batch.map((call) => call.operation).join(",")}]` });
}

const post = (worker: Worker, message: ToWorker): void => worker.postMessage(message);

function hire(state: State): Worker {
  const worker = state.startWorker(state.workersStarted === 0);
  state.workersStarted += 1;
  let failure: unknown = new Error("the worker of the SQLite store ended");
  worker.on("message", (message: FromWorker) => land(state, message));
  worker.on("error", (error) => {
    failure = error;
  });
  worker.on("exit", () => {
    state.worker = undefined;
    settle(state, (call) => call.reject(new StoreUnavailable(failure)));
  });
  worker.unref();
  return worker;
}

function land(state: State, message: FromWorker): void {
  if (message.kind === "failed") {
    const cause = new Error(message.message);
    settle(state, (call) => call.reject(new StoreUnavailable(cause)));
    return;
  }
  const answers = JSON.parse(message.answers) as readonly Answer[];
  settle(state, (call, index) => give(call, answers[index]));
}

function give(call: Call, answer: Answer | undefined): void {
  if (answer?.fault === undefined) call.resolve(answer?.outcome);
  else call.reject(new Error(`the SQLite store failed in one operation: ${answer.fault}`));
}

function settle(state: State, each: (call: Call, index: number) => void): void {
  const landed = state.flying ?? [];
  clearTimeout(state.stallTimer);
  state.flying = undefined;
  state.isStalled = false;
  landed.forEach(each);
  if (state.waiting.length > 0) schedule(state);
}

function stall(state: State): void {
  const left = [...(state.flying ?? []), ...state.waiting];
  state.isStalled = true;
  state.flying = [];
  state.waiting = [];
  const cause = new Error(`the disk did not answer in ${stallMs} ms`);
  for (const call of left) call.reject(new StoreUnavailable(cause));
}

async function end(state: State): Promise<void> {
  // What was called before has its answer when this one has, or has failed with it.
  await enqueue(state, "ping", undefined).catch(() => undefined);
  const { worker } = state;
  if (!worker) return;
  await new Promise<void>((resolve) => {
    const giveUp = setTimeout(resolve, stallMs);
    worker.once("exit", () => {
      clearTimeout(giveUp);
      resolve();
    });
    post(worker, { kind: "close" });
  });
}

const unavailable = (why: string): Promise<never> => Promise.reject(new StoreUnavailable(new Error(why)));
