import type { DatabaseSync } from "node:sqlite";

/** Free pages that a file keeps for what comes next: all below this number, and a quarter of it. */
const keptPages = 256;
const keptShare = 0.25;
/** Some 4 MiB: a few milliseconds. */
const pagesAtOnce = 1024;

/**
 * Gives back some of what purging has left free; 1 where there is more to give back, 0 where not. Inside a transaction that someone else
 * began. Files of versions that could not do so keep their size, and use what is free in them again.
 */
export function shrink(connection: DatabaseSync): 0 | 1 {
  const free = pragma(connection, "freelist_count");
  if (free <= keptPages || free <= keptShare * pragma(connection, "page_count")) return 0;
  if (pragma(connection, "auto_vacuum") !== incremental) return 0;
  connection.exec(`PRAGMA incremental_vacuum(${Math.min(pagesAtOnce, free - keptPages)})`);
  return 1;
}

const incremental = 2;

const pragma = (connection: DatabaseSync, name: string): number => Number(connection.prepare(`PRAGMA ${name}`).get()?.[name]);
