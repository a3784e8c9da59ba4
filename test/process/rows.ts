/** The SQLite file as another program sees it. */
import { DatabaseSync } from "node:sqlite";

/** Every ledger, column by column: whatever is written changes it. */
export function readRows(path: string): readonly Record<string, unknown>[] {
  const connection = new DatabaseSync(path, { timeout: 2_000, readOnly: true });
  try {
    return connection.prepare("SELECT * FROM ledgers ORDER BY number").all();
  } finally {
    connection.close();
  }
}
