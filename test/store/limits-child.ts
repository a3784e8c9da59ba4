/** A process of its own that takes a hundred times from one counter, as soon as it is told to go. One JSON per line. */
import { once } from "node:events";
import type { LimitTake } from "../../src/otp/limit-counter.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";

const [url = "", argument = "{}"] = process.argv.slice(2);
const take = JSON.parse(argument) as LimitTake;
const store = url.startsWith("sqlite:") ? await openSqliteStore({ path: url.slice("sqlite:".length) }) : await openMongoStore({ url });
process.stdout.write("{}\n");
await once(process.stdin, "data");
const outcomes = await Promise.all(Array.from({ length: 100 }, () => store.takeLimits([take])));
process.stdout.write(`${JSON.stringify(outcomes.map(({ status }) => status))}\n`);
await store.close();
process.stdin.destroy();
