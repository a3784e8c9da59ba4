/** What the main thread and the worker of the embedded store say to each other: one message per batch, each way. */
import type { Store } from "../otp/store-ports.ts";

export type { Store };

export type Verb = Exclude<keyof Store, "close">;
export type Asked<V extends Verb> = Parameters<Store[V]>[0];
export type Answered<V extends Verb> = Awaited<ReturnType<Store[V]>>;

/** Told apart by the verb. */
export type Operation = { [V in Verb]: readonly [verb: V, request: Asked<V>] }[Verb];

/** `fault`: this operation alone failed and changed nothing. */
export type Answer = { readonly outcome?: unknown; readonly fault?: string };

/** Batches travel as JSON: cloning the same objects costs both threads several times as much. */
export type ToWorker = { readonly kind: "batch"; readonly operations: string } | { readonly kind: "close" };

/** `failed`: the batch was rolled back as a whole, or its commit is in doubt. */
export type FromWorker = { readonly kind: "committed"; readonly answers: string } | { readonly kind: "failed"; readonly message: string };

/** `create` is false for a worker that replaces another: a file that vanished meanwhile must not come back empty. */
export type WorkerSettings = {
  readonly path: string;
  readonly create: boolean;
  /** Milliseconds since 1970 as one big integer, in place of the clock: for a simulation, whose days pass in seconds. */
  readonly clock?: SharedArrayBuffer;
};
