import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MongoClient } from "mongodb";

/** A running database that speaks the MongoDB protocol. */
export type TestMongo = {
  /** The URL of a database of one's own, not made yet. */
  newDatabase(): string;
  drop(url: string): Promise<void>;
  stop(): Promise<void>;
};

const howToRun = "set COUNTERSIGN_TEST_MONGODB_URL=mongodb://HOST:PORT/, or put mongod on the PATH";

/**
 * Looks for one in the order: COUNTERSIGN_TEST_MONGODB_URL; mongod on the PATH; one fetched by mongodb-memory-server. Undefined
 * when there is none, after one loud line; an error instead when COUNTERSIGN_REQUIRE_MONGODB=1.
 */
export async function findMongo(): Promise<TestMongo | undefined> {
  const { COUNTERSIGN_TEST_MONGODB_URL: url, COUNTERSIGN_REQUIRE_MONGODB: required } = process.env;
  if (url) return testMongo(url, async () => {});
  const started = (await startMongod()) ?? (await fetchMongod());
  if (started) return started;
  if (required === "1") throw new Error(`no MongoDB to test on, and COUNTERSIGN_REQUIRE_MONGODB=1: ${howToRun}`);
  process.stderr.write(`\n!!! The MongoDB suites are SKIPPED: ${howToRun}. COUNTERSIGN_REQUIRE_MONGODB=1 makes this an error.\n\n`);
  return undefined;
}

function testMongo(server: string, stop: () => Promise<void>): TestMongo {
  return {
    newDatabase() {
      const [, hosts, options = ""] = /^([^/]+\/\/[^/?]+)[^?]*(\?.*)?$/.exec(server) ?? [];
      if (!hosts) throw new Error("COUNTERSIGN_TEST_MONGODB_URL: write mongodb://HOST:PORT/?OPTIONS");
      return `${hosts}/countersign_test_${randomBytes(6).toString("hex")}${options}`;
    },
    async drop(url) {
      const client = new MongoClient(url);
      await client.db().dropDatabase();
      await client.close();
    },
    stop,
  };
}

async function startMongod(): Promise<TestMongo | undefined> {
  const directory = await mkdtemp(join(tmpdir(), "countersign-mongod-"));
  const port = await freePort();
  const child = spawn("mongod", ["--dbpath", directory, "--port", String(port), "--bind_ip", "127.0.0.1", "--quiet"], { stdio: "ignore" });
  const ended = new Promise<"ended">((resolve) => {
    child.once("error", () => resolve("ended"));
    child.once("exit", () => resolve("ended"));
  });
  const stop = async () => {
    child.kill();
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  const url = `mongodb://127.0.0.1:${port}/?directConnection=true&retryWrites=false`;
  if ((await Promise.race([ended, answers(url)])) === "answers") return testMongo(url, stop);
  await stop();
  return undefined;
}

async function answers(url: string): Promise<"answers" | "silent"> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 20_000 });
  const result = await client.connect().then(
    () => "answers" as const,
    () => "silent" as const,
  );
  await client.close();
  return result;
}

/** Without a network the download would be tried for minutes. */
async function fetchMongod(): Promise<TestMongo | undefined> {
  if (!(await downloadsAreReachable())) return undefined;
  const { MongoMemoryServer } = await import("mongodb-memory-server-core");
  try {
    const server = await MongoMemoryServer.create({ instance: { ip: "127.0.0.1" }, binary: { version: "8.0.17" } });
    return testMongo(`${server.getUri()}?directConnection=true&retryWrites=false`, async () => void (await server.stop()));
  } catch (error) {
    process.stderr.write(`mongodb-memory-server: ${String(error)}\n`);
    return undefined;
  }
}

async function downloadsAreReachable(): Promise<boolean> {
  const reached = fetch("https://fastdl.mongodb.org/", { method: "HEAD", signal: AbortSignal.timeout(2_000) });
  return Promise.race([reached.then(() => true).catch(() => false), sleep(2_500, false, { ref: false })]);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (address && typeof address === "object" ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}
