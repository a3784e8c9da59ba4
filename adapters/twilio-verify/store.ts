import { openMongoRecords } from "./store-mongo.ts";
import type { RecordStore } from "./store-port.ts";
import { openSqliteRecords } from "./store-sqlite.ts";

export const openRecordStore = (url: string, now: () => number): Promise<RecordStore> =>
  url.startsWith("sqlite:") ? openSqliteRecords(url.slice("sqlite:".length), now) : openMongoRecords(url);
