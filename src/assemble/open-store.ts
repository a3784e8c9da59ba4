import { setImmediate as endOfTurn } from "node:timers/promises";
import type { Config } from "../config/config.ts";
import { StoreUnavailable } from "../otp/refusal.ts";
import type { Store } from "../otp/store-ports.ts";

/** `opened` rejects with the setting and why it cannot be used. */
export type Opening = { readonly opened: Promise<Store> };

/** Resolves when the opening has begun: what the caller loads next, which holds up the event loop, no longer delays it. */
export async function openStore(config: Pick<Config, "store" | "mongo">): Promise<Opening> {
  const open = await loadStore(config);
  const opened = open().catch((cause: unknown) => {
    throw new Error(`store.url (COUNTERSIGN_STORE_URL): ${whyNotOpened(cause)}`, { cause });
  });
  // Whoever waits for it gets the failure; until then it is nobody's.
  opened.catch(() => {});
  // Its first request leaves only then, and the database is opened for it.
  await endOfTurn();
  return { opened };
}

/** The driver that is not used is not loaded: the embedded store starts in a fraction of the time. */
async function loadStore({ store, mongo }: Pick<Config, "store" | "mongo">): Promise<() => Promise<Store>> {
  if (store.kind === "sqlite") {
    const { openSqliteStore } = await import("../store/sqlite.ts");
    return () => openSqliteStore({ path: store.path });
  }
  const { openMongoStore } = await import("../store/mongo.ts");
  return () => openMongoStore({ url: store.url, ...mongoLimits(mongo) });
}

export const mongoLimits = ({ pool, timeouts }: Config["mongo"]) => ({
  maxPoolSize: pool.max,
  minPoolSize: pool.min,
  waitMs: pool.waitMs,
  timeoutMs: timeouts.operationMs,
  serverSelectionMs: timeouts.serverSelectionMs,
  connectMs: timeouts.connectMs,
  socketMs: timeouts.socketMs,
});

/** In one line. Drivers name the host that does not answer, and never the URL with its password. */
function whyNotOpened(cause: unknown): string {
  const { message } = cause instanceof Error ? cause : new Error(String(cause));
  const because = cause instanceof StoreUnavailable && cause.cause instanceof Error ? `: ${cause.cause.message}` : "";
  return `${message}${because}`.replace(/\s+/g, " ");
}
