/** Both stores, for suites that run on each of them. */
import { afterAll } from "vitest";
import { findMongo } from "../store/databases.ts";
import { newSqlite } from "./service.ts";

const mongo = await findMongo();
afterAll(() => mongo?.stop());

export const hasMongo = mongo !== undefined;

/** The URL of a MongoDB database that goes when the file's tests do. */
export function newMongo(): string {
  if (!mongo) throw new Error("there is no MongoDB to test on");
  const url = mongo.newDatabase();
  afterAll(() => mongo.drop(url));
  return url;
}

export const stores: readonly { readonly name: string; newUrl(): string }[] = [
  { name: "SQLite", newUrl: () => newSqlite().url },
  ...(hasMongo ? [{ name: "MongoDB", newUrl: newMongo }] : []),
];
