import { z } from "zod";
import { checked, secret, whole } from "./forms.ts";
import type { Explained } from "./issue.ts";
import type { Salvaged } from "./salvage.ts";
import { parseStoreUrl, storeUrlForm } from "./store-url.ts";

const storeUrl = secret(
  checked(storeUrlForm, (value) => {
    const parsed = parseStoreUrl(value);
    return parsed.ok ? undefined : parsed.message;
  }),
);

const seconds = (write: string, min: number, max: number) => {
  const error = `write ${write}, a number from ${min} to ${max}`;
  return z
    .number({ error })
    .min(min, error)
    .max(max, error)
    .meta({ description: `${write}, ${min} to ${max}` });
};

export const storeSettings = z.strictObject({
  url: storeUrl,
  pool: z
    .strictObject({
      max: whole("the most connections of a process to each server", 1, 1000).default(64),
      min: whole("the connections that are kept open", 0, 1000).default(0),
      waitSeconds: seconds("the seconds to wait for a free connection", 0.1, 10).default(1),
    })
    .prefault({}),
  timeouts: z
    .strictObject({
      operationSeconds: seconds("the seconds a call waits for the database in all", 0.2, 10).default(2),
      serverSelectionSeconds: seconds("the seconds to look for a primary", 0.1, 10).default(1),
      connectSeconds: seconds("the seconds to connect", 0.1, 10).default(2),
      socketSeconds: seconds("the seconds a connection may be silent", 0.2, 10).default(2),
    })
    .prefault({}),
});

type StoreSettings = z.output<typeof storeSettings>;

/** What a process may ask of MongoDB, and for how long it waits; SQLite needs none of it. */
export type MongoTerms = {
  readonly pool: { readonly max: number; readonly min: number; readonly waitMs: number };
  readonly timeouts: {
    readonly operationMs: number;
    readonly serverSelectionMs: number;
    readonly connectMs: number;
    readonly socketMs: number;
  };
};

export function checkStorePool({ pool }: Salvaged<StoreSettings>): Explained[] {
  const { min, max } = pool ?? {};
  if (min === undefined || max === undefined || min <= max) return [];
  return [{ path: ["store", "pool", "min"], message: `is more than store.pool.max: write at most ${max}` }];
}

export const buildMongoTerms = ({ pool, timeouts }: StoreSettings): MongoTerms => ({
  pool: { max: pool.max, min: pool.min, waitMs: milliseconds(pool.waitSeconds) },
  timeouts: {
    operationMs: milliseconds(timeouts.operationSeconds),
    serverSelectionMs: milliseconds(timeouts.serverSelectionSeconds),
    connectMs: milliseconds(timeouts.connectSeconds),
    socketMs: milliseconds(timeouts.socketSeconds),
  },
});

const milliseconds = (seconds: number): number => Math.round(seconds * 1000);
