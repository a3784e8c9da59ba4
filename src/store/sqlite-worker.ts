/** The worker thread of the embedded store: everything that waits for the disk happens here. */
import type { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { adviceOn, openDatabase } from "./sqlite-database.ts";
import { createLedgers, purgedAtOnce } from "./sqlite-ledgers.ts";
import { createLimits } from "./sqlite-limits.ts";
import { runOperation, type Tables } from "./sqlite-operations.ts";
import type { Answer, FromWorker, Operation, ToWorker, WorkerSettings } from "./sqlite-protocol.ts";
import { createRedemptions } from "./sqlite-redemptions.ts";
import { shrink } from "./sqlite-shrink.ts";
import { createTraffic } from "./sqlite-traffic.ts";
import { begin, inTransaction, isOperationFault, isPassing } from "./sqlite-transaction.ts";

type Open = { readonly connection: DatabaseSync; readonly tables: Tables };

const lockPatienceMs = 2_000;
const purgeEveryMs = 60_000;
const nextPurgeMs = 50;
const firstPurgeMs = 500;

const settings = workerData as WorkerSettings;
let database: Open | undefined;
let wasOpen = false;

parentPort?.on("message", (message: ToWorker) => {
  if (message.kind === "batch") parentPort?.postMessage(answerBatch(message.operations));
  else end();
});

function answerBatch(operations: string): FromWorker {
  try {
    return { kind: "committed", answers: JSON.stringify(commitBatch(reach(), JSON.parse(operations) as Operation[])) };
  } catch (error) {
    if (!isPassing(error)) drop();
    const todo = adviceOn(error);
    return {
      kind: "failed",
      message: todo === undefined ? messageOf(error) : `the SQLite store ${settings.path}: ${messageOf(error)}: ${todo}`,
    };
  }
}

/** Nothing is answered before the commit is on the disk. */
function commitBatch({ connection, tables }: Open, operations: readonly Operation[]): readonly Answer[] {
  begin(connection, lockPatienceMs);
  return inTransaction(connection, () => {
    const clock = settings.clock ? Number(Atomics.load(new BigInt64Array(settings.clock), 0)) : tables.ledgers.now();
    return operations.map((operation) => answerOne(tables, operation, clock));
  });
}

function answerOne(tables: Tables, operation: Operation, clock: number): Answer {
  try {
    return { outcome: runOperation(tables, operation, clock) };
  } catch (error) {
    if (!isOperationFault(error)) throw error;
    return { fault: messageOf(error) };
  }
}

/** The database, opened again where a failure of the disk closed it. */
function reach(): Open {
  if (database) return database;
  const connection = openDatabase({ ...settings, create: settings.create && !wasOpen });
  database = {
    connection,
    tables: {
      ledgers: createLedgers(connection),
      redemptions: createRedemptions(connection, purgedAtOnce),
      limits: createLimits(connection, purgedAtOnce),
      traffic: createTraffic(connection, purgedAtOnce),
    },
  };
  if (!wasOpen) setTimeout(purge, firstPurgeMs);
  wasOpen = true;
  return database;
}

/** A memory store lives in its connection, which no disk can fail. */
function drop(): void {
  if (settings.path === ":memory:") return;
  const dropped = database;
  database = undefined;
  try {
    dropped?.connection.close();
  } catch {
    // It is given up either way, and the caller already gets the failure that mattered.
  }
}

/** In small steps, each in a moment of its own between two batches. */
function purge(): void {
  setTimeout(purge, purgeStep() < purgedAtOnce ? purgeEveryMs : nextPurgeMs);
}

function purgeStep(): number {
  if (!database) return 0;
  const { connection, tables } = database;
  try {
    begin(connection, 0);
    return inTransaction(connection, () =>
      Math.max(
        tables.ledgers.purge(),
        tables.redemptions.purge(),
        tables.limits.purge(),
        tables.traffic.purge(),
        shrink(connection) * purgedAtOnce,
      ),
    );
  } catch {
    // Nothing depends on it: the next step tries again, and a failure of the disk shows in the next batch.
    return 0;
  }
}

/** Closing the last connection to a file writes its log back into it. */
function end(): void {
  drop();
  process.exit();
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
