import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { StoreUnavailable } from "../otp/refusal.ts";
import { createIndexes, missingIndexes } from "./mongo-collections.ts";
import { type MongoConnection, openPatiently } from "./mongo-connection.ts";
import { advanceSchema, currentSchema, readSchema, type Schema, SchemaTooNew } from "./mongo-schema.ts";

export type UpkeepOptions = {
  readonly url: string;
  readonly schema?: Schema | undefined;
  /** How often a process looks whether it is shut out, and whether there is a step to take. */
  readonly checkEveryMs?: number | undefined;
  readonly leaseMs?: number | undefined;
};

/** How long a start waits for an index of a large collection; nothing but space and the pace of fallbacks depends on them. */
const indexWaitMs = 10_000;

/**
 * A connection whose database this program knows, and goes on knowing: once a newer program has shut it out, every call fails, as the
 * log tells. Rejects with what to do when it is shut out already, or an index cannot be made.
 */
export async function keepUp(connection: MongoConnection, options: UpkeepOptions): Promise<MongoConnection> {
  const { url, schema = currentSchema, checkEveryMs = 10_000, leaseMs = 60_000 } = options;
  const stepping = { db: connection.db, schema, by: randomUUID(), leaseMs, noticeMs: 3 * checkEveryMs };
  await connection.run(() => readSchema(connection.db(), schema));
  if ((await connection.run(() => missingIndexes(connection.db()))).length > 0) await beginIndexes(url);
  let shutOut: SchemaTooNew | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const check = async (): Promise<void> => {
    try {
      await advanceSchema(stepping);
      shutOut = undefined;
    } catch (error) {
      // Whatever else it was, it is tried again.
      if (error instanceof SchemaTooNew) shutOut = error;
    }
    if (!isClosed) timer = setTimeout(check, checkEveryMs).unref();
  };
  void check();
  return {
    run: (operation) => (shutOut ? Promise.reject(new StoreUnavailable(shutOut)) : connection.run(operation)),
    db: connection.db,
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await connection.close();
    },
  };
}

/** Over a connection of its own, which no time-out of ours ends. A build that takes longer goes on by itself, and beside all calls. */
async function beginIndexes(url: string): Promise<void> {
  const client = openPatiently(url);
  const built = createIndexes(client.db()).finally(() => client.close());
  built.catch(() => {});
  await Promise.race([built, sleep(indexWaitMs, undefined, { ref: false })]);
}
