import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { gunzipSync } from "node:zlib";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTwilioServer } from "../providers/twilio-server.ts";
import { challengeCall, newPhone, open, outcome, parallel, sendTo, tally, verify, wrong } from "./calls.ts";
import { stores } from "./databases.ts";
import { type Acknowledged, startLoad } from "./load.ts";
import { newKey, newSecret, sampleConfig } from "./production-config.ts";
import { launch, newFolder, type Options, startService, type Wires } from "./service.ts";
import { codeInText } from "./vendors.ts";

let twilio: Awaited<ReturnType<typeof startTwilioServer>>;
beforeAll(async () => {
  twilio = await startTwilioServer();
});
afterAll(() => twilio.stop());

const codeSentTo = (to: string): string => codeInText(twilio.requests, to);

function newConfig() {
  const caller = newKey();
  return { key: caller.key, config: sampleConfig({ twilio: { baseUrl: twilio.baseUrl } }, [caller]) };
}

async function run(options: Options, ...args: string[]) {
  const launched = launch(options, args);
  const { code } = await launched.exited;
  return { code, stdout: launched.stdout(), stderr: launched.stderr() };
}

/** As it was told until now. */
const copyOf = (known: Acknowledged): Acknowledged => ({ ...known, unanswered: { ...known.unanswered } });

/** A store with something in it, its backup, and what was acknowledged before the backup began. */
async function backUpUnderLoad(options: Options) {
  const service = await startService(options);
  const load = startLoad({ wires: [service.gRPC, service.JSON], codeSentTo });
  await expect.poll(() => load.acknowledged.length, { timeout: 60_000, interval: 20 }).toBeGreaterThan(40);
  const before = load.acknowledged.map(copyOf);
  const file = join(newFolder(), "backup");
  const made = await run(options, "backup", file, "--json");
  expect(made, made.stderr).toMatchObject({ code: 0 });
  const atEnd = load.acknowledged.length;
  await expect.poll(() => load.acknowledged.length, { timeout: 60_000, interval: 20 }).toBeGreaterThan(atEnd + 10);
  await load.stop();
  const after = load.acknowledged.map(copyOf);
  expect(service.log().filter(({ event }) => event === "fault" || event === "store_lost")).toEqual([]);
  await service.stop();
  return { file, before, after, notes: JSON.parse(made.stdout) as Record<string, unknown> };
}

/** What was told before the backup holds, and whatever was sent before the restore opens nothing. */
async function expectSafe(known: Acknowledged, before: boolean, { gRPC, wires }: Wires): Promise<void> {
  const { challengeId, code, mismatches, accepted } = known;
  const told = JSON.stringify({ challengeId, mismatches, accepted, before });
  const seen = await gRPC.send(challengeCall("GetChallenge", challengeId));
  if (before) {
    expect(seen.code, told).toBe("OK");
    const { state, attemptsRemaining = 0 } = (seen.response as { challenge: { state: string; attemptsRemaining?: number } }).challenge;
    if (accepted > 0) expect(state, told).toBe("CHALLENGE_STATE_VERIFIED");
    else expect(5 - attemptsRemaining, told).toBeGreaterThanOrEqual(mismatches);
  }
  const again = tally(await parallel(2, wires, () => verify(challengeId, code)));
  expect(
    Object.keys(again).every((reason) => /^(CODE_ALREADY_USED|CHALLENGE_CANCELED|CHALLENGE_NOT_FOUND)$/.test(reason)),
    `${told} ${JSON.stringify(again)}`,
  ).toBe(true);
}

/** A dozen processes start one after another, some under load. */
const timeout = 240_000;

describe.each(stores)("a backup of $name", { timeout }, ({ name, newUrl }) => {
  it("has all that was acknowledged before it, and once restored accepts nothing that was sent before", async () => {
    const options = { ...newConfig(), store: newUrl() };
    const { file, before, after, notes } = await backUpUnderLoad(options);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(existsSync(`${file}.part`)).toBe(false);
    expect(notes).toMatchObject({ file, authenticatorKeys: [], codeKeys: [expect.any(String)] });
    if (name === "SQLite")
      expect(new DatabaseSync(file, { readOnly: true }).prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });

    const again = await run(options, "backup", file);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining("not overwritten") });

    const fresh = { ...options, store: newUrl() };
    const restored = await run(fresh, "restore", file, "--json");
    expect(restored, restored.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(restored.stdout)).toMatchObject({ ledgers: notes.ledgers, canceled: { challenges: expect.any(Number) } });

    const service = await startService(fresh);
    const known = new Set(before.map(({ challengeId }) => challengeId));
    const since = after.filter(({ challengeId }) => !known.has(challengeId)).slice(0, 60);
    const all = [...before.map((each) => [each, true] as const), ...since.map((each) => [each, false] as const)];
    for (let at = 0; at < all.length; at += 20)
      await Promise.all(all.slice(at, at + 20).map(([each, isBefore]) => expectSafe(each, isBefore, service)));
    const to = newPhone();
    const challengeId = await open(service.gRPC, to);
    expect(tally(await parallel(4, service.wires, () => verify(challengeId, codeSentTo(to))))).toEqual({ OK: 1, CODE_ALREADY_USED: 3 });

    const twice = await run(fresh, "restore", file);
    expect(twice).toMatchObject({ code: 1, stderr: expect.stringMatching(name === "SQLite" ? /is there already/ : /is not empty/) });
    const foreign = { ...options, store: newUrl(), config: withLedgerKey(options.config, newSecret()) };
    expect(await run(foreign, "restore", file)).toMatchObject({ code: 1, stderr: expect.stringMatching(/another secrets\.ledgerKey/) });
    await expectDamageFound(file, { ...options, store: newUrl() });
  });

  it("keeps limits and locks", async () => {
    const options = { ...newConfig(), store: newUrl() };
    const service = await startService(options);
    const to = newPhone();
    const challengeId = await open(service.gRPC, to);
    for (let guess = 0; guess < 5; guess++) await service.gRPC.send(verify(challengeId, wrong(codeSentTo(to))));
    const before = await run(options, "lock", "shop", to, "--json");
    const file = join(newFolder(), "backup");
    expect(await run(options, "backup", file)).toMatchObject({ code: 0, stdout: expect.stringContaining("secrets.ledgerKey") });
    await service.stop();
    const fresh = { ...options, store: newUrl() };
    expect(await run(fresh, "restore", file)).toMatchObject({ code: 0, stdout: expect.stringContaining("open challenges were cancelled") });
    const after = await run(fresh, "lock", "shop", to, "--json");
    expect(JSON.parse(after.stdout)).toEqual({ ...JSON.parse(before.stdout), openChallenges: 0 });
    const { failures, sends } = JSON.parse(after.stdout) as Record<"failures" | "sends", unknown[]>;
    expect([failures.length, sends.length]).toEqual([5, 1]);
    const replaced = await startService(fresh);
    expect(outcome(await replaced.gRPC.send(sendTo(to)))).toBe("OK");
  });
});

it("is refused for the other store, and for what is no backup", async () => {
  const options = { ...newConfig(), store: stores[0]?.newUrl() ?? "" };
  const file = join(newFolder(), "text");
  writeFileSync(file, "not a backup at all");
  expect(await run(options, "restore", file)).toMatchObject({ code: 1, stderr: expect.stringMatching(/no backup/) });
  expect(await run(options, "restore", `${file}-missing`)).toMatchObject({ code: 1, stderr: expect.stringMatching(/does not exist/) });
  expect(await run(options, "backup", join(newFolder(), "no", "such", "folder"))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/does not exist/),
  });
});

const withLedgerKey = (config: ReturnType<typeof sampleConfig>, ledgerKey: string) => ({
  ...config,
  secrets: { ...config.secrets, ledgerKey },
});

/** Cut off anywhere, it is told of before anything is written. */
async function expectDamageFound(file: string, options: Options): Promise<void> {
  truncateSync(file, Math.floor(statSync(file).size / 2));
  const { code, stderr } = await run(options, "restore", file);
  expect(code).toBe(1);
  expect(stderr).toMatch(/damaged|malformed/);
  expect(() => gunzipSync(readFileSync(file))).toThrow();
  const { store = "" } = options;
  if (store.startsWith("sqlite:")) expect(existsSync(store.slice("sqlite:".length))).toBe(false);
  else await expectUntouched(store);
}

async function expectUntouched(url: string): Promise<void> {
  const client = new MongoClient(url);
  expect(await client.db().listCollections().toArray()).toEqual([]);
  await client.close();
}
