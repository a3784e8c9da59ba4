import { stat } from "node:fs/promises";
import { MongoClient } from "mongodb";

export type DatabaseSize = { readMib(): Promise<number>; close(): Promise<void> };

const mib = 2 ** 20;

/** Files on the disk for SQLite, data and indexes for MongoDB. */
export function openDatabaseSize(url: string): DatabaseSize {
  if (!url.startsWith("sqlite:")) {
    const client = new MongoClient(url, { maxPoolSize: 1 });
    return {
      async readMib() {
        const { dataSize = 0, indexSize = 0 } = await client.db().command({ dbStats: 1 });
        return (Number(dataSize) + Number(indexSize)) / mib;
      },
      close: () => client.close(),
    };
  }
  const path = url.slice("sqlite:".length);
  const sizeOf = (file: string): Promise<number> =>
    stat(file).then(
      ({ size }) => size,
      () => 0,
    );
  return {
    readMib: async () => ((await sizeOf(path)) + (await sizeOf(`${path}-wal`))) / mib,
    close: async () => undefined,
  };
}
