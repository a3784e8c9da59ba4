import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { onTestFinished } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import type { Store } from "../../src/store/sqlite-protocol.ts";

/** A directory that goes when the test does. */
export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "countersign-sqlite-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export const newPath = (): string => join(newDirectory(), "ledgers.db");

export async function openOn(path: string): Promise<Store> {
  const store = await openSqliteStore({ path });
  onTestFinished(() => store.close());
  return store;
}

/** The file as another program sees it. */
export function peek(path: string): DatabaseSync {
  const connection = new DatabaseSync(path, { timeout: 1_000 });
  onTestFinished(() => connection.close());
  return connection;
}
