import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { StoreUnavailable } from "../otp/refusal.ts";
import { type Batches, createBatches } from "./sqlite-batches.ts";
import type { Store, WorkerSettings } from "./sqlite-protocol.ts";

/** `path` names a file, or is ":memory:" for a store that ends with the process. */
export type SqliteStoreOptions = Pick<WorkerSettings, "path" | "clock">;

/**
 * The embedded store: the rules of `otp/ledger-rules.ts` inside SQLite transactions, in a thread of its own, so that a flush of the
 * disk never holds up the wires. Several processes may share one file. Rejects with what to do when the file cannot be used.
 */
export async function openSqliteStore({ path, clock }: SqliteStoreOptions): Promise<Store> {
  const batches = createBatches({
    startWorker: (isFirst) => startWorker({ path, create: isFirst || path === ":memory:", ...(clock && { clock }) }),
  });
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
  openUnsent: (request) => call("openUnsent", request),
  resend: (request) => call("resend", request),
  verify: (request) => call("verify", request),
  cancel: (ref) => call("cancel", ref),
  charge: (request) => call("charge", request),
  recordDelivery: (request) => call("recordDelivery", request),
  dueFallbacks: (due) => call("dueFallbacks", due),
  endFallback: (ref) => call("endFallback", ref),
  read: (ref) => call("read", ref),
  forgive: (ledger) => call("forgive", ledger),
  inspect: (ledger) => call("inspect", ledger),
  erase: (ledger) => call("erase", ledger),
  addAuthenticators: (request) => call("addAuthenticators", request),
  proveAuthenticator: (request) => call("proveAuthenticator", request),
  removeAuthenticator: (request) => call("removeAuthenticator", request),
  listSecrets: (page) => call("listSecrets", page),
  replaceSecret: (secret) => call("replaceSecret", secret),
  countTraffic: (adds) => call("countTraffic", adds),
  raiseBlock: (request) => call("raiseBlock", request),
  listBlocks: (request) => call("listBlocks", request),
  countHits: (hits) => call("countHits", hits),
  endBlock: (key) => call("endBlock", key),
  findDelivery: (wanted) => call("findDelivery", wanted),
  redeem: (request) => call("redeem", request),
  takeLimits: (takes) => call("takeLimits", takes),
  giveBackLimits: (request) => call("giveBackLimits", request),
  ping: () => call("ping", undefined),
  close,
});

export const startWorker = (settings: WorkerSettings): Worker =>
  new Worker(new URL("./sqlite-worker.ts", import.meta.url), { workerData: settings, env: compileCache() });

/** A thread takes compiled code from where its process does only when told so, and adds the folder of the version by itself. */
function compileCache(): { NODE_COMPILE_CACHE?: string } {
  const ofThisVersion = getCompileCacheDir();
  return ofThisVersion === undefined ? {} : { NODE_COMPILE_CACHE: dirname(ofThisVersion) };
}
