/** Commands as a shell runs them. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { production } from "../config/production.ts";
import { newKey, newSecrets, plantedInSqlite, withKeys } from "../process/secrets-kit.ts";
import { freePort, launch, newSqlite, seen, startService, writeConfig } from "../process/service.ts";

const bin = fileURLToPath(new URL("../../bin/countersign.js", import.meta.url));
const config = writeConfig(production());
/** Each starts processes, on a machine that may be busy. */
const slow = { timeout: 120_000 };

test("dev is development mode whatever the environment names, at the ports that were asked for", slow, async () => {
  const port = await freePort();
  const service = launch({ config: "nothing: of use" }, ["dev", "--http-port", String(port), "--grpc-port", "0"]);
  const started = await seen(service, "started");
  expect([started.mode, started.http]).toEqual(["development", `127.0.0.1:${port}`]);
  expect(String(started.grpc)).toMatch(/^127\.0\.0\.1:(?!50051$)\d+$/);
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  expect(await service.stop()).toMatchObject({ code: 0, signal: null });
});

test("serve takes its file from the option before the environment, and refuses to do without", slow, async () => {
  const env = { COUNTERSIGN_CONFIG: "no such file", COUNTERSIGN_STORE_URL: newSqlite().url };
  const service = launch({ env }, ["serve", "--config", config]);
  expect(await seen(service, "started")).toMatchObject({ mode: "production", store: "sqlite" });
  expect(await service.stop("SIGINT")).toMatchObject({ code: 0, signal: null });
  const without = launch({}, ["serve"]);
  expect(await without.exited).toMatchObject({ code: 2 });
  expect(without.stderr()).toMatch(/^Name a configuration/);
});

test("without a command it serves as the environment says", slow, async () => {
  const service = await startService();
  expect(service.log().find(({ event }) => event === "started")).toMatchObject({ mode: "development" });
  expect(await service.stop()).toMatchObject({ code: 0 });
});

test("bin/countersign.js is the command, and takes keys from standard input", slow, () => {
  const key = JSON.parse(spawnSync(process.execPath, [bin, "make-key", "--json"], { encoding: "utf8" }).stdout);
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, "hash-key"], { input: `${key.key}\n`, encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${key.entry.hash}\n`, stderr: "" });
});

/** util-linux's `script` is a terminal; elsewhere it has other arguments. */
test.runIf(process.platform === "linux")("on a terminal hash-key asks, and shows nothing of what is typed", slow, async () => {
  const { key, entry } = JSON.parse(spawnSync(process.execPath, [bin, "make-key", "--json"], { encoding: "utf8" }).stdout);
  const child = spawn("script", ["-qec", `"${process.execPath}" "${bin}" hash-key`, "/dev/null"], { stdio: "pipe" });
  let screen = "";
  child.stdout.on("data", (chunk: Buffer) => {
    screen += String(chunk);
  });
  const closed = once(child, "close");
  await expect.poll(() => screen, { timeout: 20_000 }).toContain("The key: ");
  child.stdin.write(`${key}\n`);
  const [code] = await closed;
  expect([code, screen.includes(entry.hash), screen.includes(key)]).toEqual([0, true, false]);
});

test("a reader who leaves ends it without a word", slow, async () => {
  const child = spawn("bash", ["-c", 'read -r && "$0" "$1" config-schema', process.execPath, bin], { stdio: "pipe" });
  child.stdout.destroy();
  await once(child.stdout, "close");
  child.stdin.end("\n");
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += String(chunk);
  });
  const [code] = await once(child, "close");
  expect([code, stderr]).toEqual([0, ""]);
});

test("a Ctrl-C ends long work in order, and what was done stays done", slow, async () => {
  const { path, url } = newSqlite();
  const [oldKey, newest] = [newKey("old"), newKey("new")];
  const env = withKeys(newest, oldKey);
  await (await startService({ store: url, env })).stop();
  const planted = plantedInSqlite(path);
  await planted.plant(await newSecrets(300, oldKey));
  // A hundred in a second: nothing but the Ctrl-C ends it early.
  const first = launch({ store: url, env }, ["reencrypt", "--rate", "100", "--json"]);
  await expect.poll(() => planted.countUnder("new"), { timeout: 60_000 }).toBeGreaterThan(0);
  expect(await first.stop("SIGINT")).toMatchObject({ code: 130, signal: null });
  expect(first.stdout()).toBe("");
  expect(JSON.parse(first.stderr().trimEnd().split("\n").at(-1) ?? "").error.message).toMatch(/^Stopped\. What was re-encrypted stays so/);
  const moved = await planted.countUnder("new");
  expect(moved).toBeLessThan(300);
  const second = launch({ store: url, env }, ["reencrypt", "--json"]);
  expect(await second.exited).toMatchObject({ code: 0 });
  expect(JSON.parse(second.stdout())).toMatchObject({ moved: 300 - moved, left: {} });
});

test("programs of their own get the arguments of the command, and its exit code is theirs", slow, async () => {
  const bench = launch({}, ["bench", "--only", "fax"]);
  expect(await bench.exited).toMatchObject({ code: 1 });
  expect(bench.stderr()).toMatch(/^bench: --only: write words of sqlite, mongodb, grpc, json, not "fax"/);
  const simulate = launch({}, ["simulate", "--peple", "1"]);
  expect(await simulate.exited).toMatchObject({ code: 2 });
});
