import { Worker } from "node:worker_threads";
import { StoreUnavailable } from "../otp/refusal.ts";
import { type Batches, createBatches } from "./sqlite-batches.ts";
import type { Store, WorkerSettings } from "./sqlite-protocol.ts";

/** `path` names a file, or is ":memory:" for a store that ends with the process. */
export type SqliteStoreOptions = { readonly path: string };

/**
 * The embedded store: the rules of `otp/ledger-rules.ts` inside SQLite transactions, in a thread of its own, so that a flush of the
 * disk never holds up the wires. Several processes may share one file. Rejects with what to do when the file cannot be used.
 */
export async function openSqliteStore({ path }: SqliteStoreOptions): Promise<Store> {
  const batches = createBatches({ startWorker: (isFirst) => startWorker({ path, create: isFirst || path === ":memory:" }) });
  try {
    await batches.call("ping", undefined);
  } catch (error) {
    await batches.close();
    throw error instanceof StoreUnavailable ? error.cause : error;
  }
  return storeOn(batches);
}

/** The verbs of the port, each one call in a batch. */
export const storeOn = ({ call, close }: Batches): Store => ({
  open: (request) => call("open", request),
  resend: (request) => call("resend", request),
  verify: (request) => call("verify", request),
  cancel: (ref) => call("cancel", ref),
  recordDelivery: (request) => call("recordDelivery", request),
  read: (ref) => call("read", ref),
  forgive: (ledger) => call("forgive", ledger),
  redeem: (request) => call("redeem", request),
  ping: () => call("ping", undefined),
  close,
});

export const startWorker = (settings: WorkerSettings): Worker =>
  new Worker(new URL("./sqlite-worker.ts", import.meta.url), { workerData: settings });
