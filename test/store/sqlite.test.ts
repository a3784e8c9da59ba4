import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Worker } from "node:worker_threads";
import { describe, expect, it, onTestFinished } from "vitest";
import { StoreUnavailable } from "../../src/otp/refusal.ts";
import { openSqliteStore, startWorker, storeOn } from "../../src/store/sqlite.ts";
import { createBatches } from "../../src/store/sqlite-batches.ts";
import { ledgerContract, type OpenedStore } from "./contract.ts";
import { plantInSqlite } from "./plant.ts";
import { races } from "./races.ts";
import { guessing, limitsWith, newRef, opening, openingUnsent, recording, resending } from "./requests.ts";
import { newDirectory, newPath, openOn, peek } from "./sqlite-file.ts";

ledgerContract("SQLite", () => openInNewDirectory());

describe("races on two SQLite stores of one file", () => {
  it.each(races)("$name", async ({ run }) => {
    const path = newPath();
    await run(await Promise.all([openOn(path), openOn(path)]), plantInSqlite(path));
  });
});

describe("opening a SQLite store", () => {
  it("makes a file for its owner only", async () => {
    const path = newPath();
    const store = await openOn(path);
    await store.open(opening(newRef()));
    for (const suffix of ["", "-wal", "-shm"]) expect(statSync(path + suffix).mode & 0o777).toBe(0o600);
  });

  it("is done by several at once", async () => {
    for (let round = 0; round < 5; round++) {
      const path = newPath();
      const stores = await Promise.all(Array.from({ length: 4 }, () => openOn(path)));
      await Promise.all(stores.map((store) => store.ping()));
    }
  });

  it.each([
    ["a directory that is missing", () => join(newDirectory(), "missing", "ledgers.db"), "its directory does not exist; create it"],
    ["a directory", () => newDirectory(), "it is a directory; name a file in it"],
    ["a file in a file", () => join(withContent("x".repeat(4_096)), "ledgers.db"), "a part of the path is not a directory"],
    ["a file that is no database", () => withContent("no database, ".repeat(500)), "the file is not a database"],
    ["another program's database", () => withSchema("CREATE TABLE theirs (x)"), "it is another program's database"],
    ["the database of a newer version", () => withSchema("PRAGMA application_id = 0x4353474e; PRAGMA user_version = 3"), "has version 3"],
  ])("refuses %s, and says what to do", async (_, make, why) => {
    const path = make();
    const refused = openSqliteStore({ path });
    await expect(refused).rejects.toThrow(`cannot open the SQLite store ${path}: `);
    await expect(refused).rejects.toThrow(why);
  });

  it("refuses a place where it may not write", async () => {
    // No mode of a file stops the superuser, but sysfs takes files from nobody.
    const directory = process.getuid?.() === 0 ? "/sys" : newDirectory();
    if (directory !== "/sys") mkdirSync(join(directory, "closed"), { mode: 0o500 });
    const path = join(directory, directory === "/sys" ? "" : "closed", "ledgers.db");
    await expect(openSqliteStore({ path })).rejects.toThrow(/may not be read and written; grant this user both/);
  });

  it("finds again what was there", async () => {
    const path = newPath();
    const ref = newRef();
    const before = await openSqliteStore({ path });
    await before.open(opening(ref));
    await before.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(await (await openOn(path)).verify(guessing(ref, "right"))).toMatchObject({ status: "approved" });
  });
});

describe("a SQLite store", () => {
  it("spoils no other operation of a batch by one that fails", async () => {
    const store = await openOn(newPath());
    const [before, broken, after] = [newRef(), newRef(), newRef()];
    const results = await Promise.allSettled([
      store.open(opening(before)),
      store.open({ ...opening(broken), limits: undefined as never }),
      store.open({ ...opening(broken), ledger: null as never }),
      store.open(opening(after)),
    ]);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
    for (const result of results) if (result.status === "rejected") expect(result.reason).not.toBeInstanceOf(StoreUnavailable);
    expect(await store.read(before)).toMatchObject({ challenge: { state: "open" } });
    expect(await store.read(broken)).toBeUndefined();
    expect(await store.read(after)).toMatchObject({ challenge: { state: "open" } });
  });

  it("says that a stored ledger is damaged without quoting it, and serves the others", async () => {
    const path = newPath();
    const store = await openOn(path);
    const [damaged, whole] = [newRef(), newRef()];
    const fallback = { channels: ["voice" as const], afterMs: 0 };
    await Promise.all([damaged, whole].map((ref) => store.open(opening(ref, { fallback, message: { leaseMs: 0 } }))));
    peek(path).prepare("UPDATE ledgers SET record = 'quoted' WHERE id = ?").run(damaged.ledger);
    const [refused, answered] = await Promise.allSettled([store.read(damaged), store.read(whole)]);
    expect(refused).toMatchObject({ status: "rejected", reason: { message: expect.stringMatching(/^(?!.*quoted).*damaged/) } });
    expect(answered).toMatchObject({ status: "fulfilled", value: { challenge: { state: "open" } } });
    expect(await store.dueFallbacks({ before: Date.now() + 5, limit: 9 })).toEqual([whole]);
  });

  it("lives in memory alone where it is asked to", async () => {
    const [store, other] = [await openOn(":memory:"), await openOn(":memory:")];
    const ref = newRef();
    await store.open(opening(ref));
    expect(await other.read(ref)).toBeUndefined();
    expect(await store.verify(guessing(ref, "right"))).toMatchObject({ status: "approved" });
  });

  it("writes nothing for what changes nothing", async () => {
    const path = newPath();
    const store = await openOn(path);
    const ref = newRef();
    await store.verify(guessing(ref, "right"));
    await store.cancel(ref);
    await store.recordDelivery(recording(ref, "d1"));
    expect(await store.forgive(ref.ledger)).toBe(false);
    expect(peek(path).prepare("SELECT count(*) AS n FROM ledgers").get()).toEqual({ n: 0 });
  });

  it("does not let time run backwards in a ledger when the clock is set back", async () => {
    const path = newPath();
    const store = await openOn(path);
    const ref = newRef();
    const opened = await store.open(opening(ref));
    const later = opened.status === "opened" ? opened.view.challenge.expiresAt : 0;
    peek(path).prepare("UPDATE ledgers SET updated_at = ?").run(later);
    expect(await store.read(ref)).toMatchObject({ now: later });
    expect(await store.verify(guessing(ref, "right"))).toEqual({ status: "expired" });
  });

  it("answers that it is unavailable while another program holds the lock, within seconds, and recovers", async () => {
    const path = newPath();
    const store = await openOn(path);
    const holder = peek(path);
    holder.exec("BEGIN IMMEDIATE");
    const from = performance.now();
    const ref = newRef();
    const calls = await Promise.allSettled([
      store.ping(),
      store.openUnsent(openingUnsent(ref, { hideAbsence: true })),
      store.charge({ ...ref, limits: limitsWith() }),
      store.resend(resending(ref, { insteadOf: "d1" })),
      store.dueFallbacks({ before: Date.now(), limit: 9 }),
      store.endFallback(ref),
    ]);
    for (const call of calls) expect(call).toMatchObject({ status: "rejected", reason: { name: "StoreUnavailable" } });
    expect(performance.now() - from).toBeLessThan(4_000);
    holder.exec("ROLLBACK");
    await store.ping();
  });

  it("purges ledgers in which nothing matters any more, many and in steps, and no others", async () => {
    const path = newPath();
    const ref = newRef();
    await (await openOn(path)).open(opening(ref));
    const file = peek(path);
    file.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
      INSERT INTO ledgers (id, application, record, updated_at, purge_at) SELECT 'old' || i, 'shop', '{}', 1, 1 FROM n`);
    const left = file.prepare("SELECT count(*) AS n FROM ledgers");
    await expect.poll(() => left.get(), { timeout: 5_000 }).toEqual({ n: 1 });
    expect(await (await openOn(path)).read(ref)).toBeDefined();
  });

  it("keeps a ledger at least as long as its windows and its challenge's memory", async () => {
    const path = newPath();
    const store = await openOn(path);
    const ref = newRef();
    await store.open(opening(ref));
    const row = () => peek(path).prepare("SELECT updated_at, purge_at FROM ledgers").get() as { updated_at: number; purge_at: number };
    const opened = row();
    expect(opened.purge_at - opened.updated_at).toBeGreaterThanOrEqual(70 * 60_000);
    await store.verify(guessing(ref, "wrong"));
    expect(row().purge_at - opened.updated_at).toBeGreaterThan(364 * 86_400_000);
    await store.cancel(ref);
    expect(row().purge_at - opened.updated_at).toBeGreaterThan(364 * 86_400_000);
  });

  it("answers all it was asked before it closes, and refuses after", async () => {
    const path = newPath();
    const store = await openSqliteStore({ path });
    const opened = Array.from({ length: 600 }, () => store.open(opening(newRef())));
    const closed = Promise.all([store.close(), store.close()]);
    const outcomes = await Promise.all(opened);
    expect(outcomes.every((outcome) => outcome.status === "opened")).toBe(true);
    await closed;
    await expect(store.ping()).rejects.toThrow(StoreUnavailable);
    expect(peek(path).prepare("SELECT count(*) AS n FROM ledgers").get()).toEqual({ n: 600 });
  });

  it("lives on when its worker dies, but never with an empty file in the place of one that vanished", async () => {
    const path = newPath();
    const workers: Worker[] = [];
    const store = storeOn(
      createBatches({
        startWorker: (create) => {
          workers.push(startWorker({ path, create }));
          return workers.at(-1) as Worker;
        },
      }),
    );
    onTestFinished(() => store.close());
    const ref = newRef();
    await store.open(opening(ref));
    const dying = store.verify(guessing(ref, "wrong"));
    await Promise.all([expect(dying).rejects.toThrow(StoreUnavailable), end(workers)]);
    expect(await store.verify(guessing(ref, "right"))).toMatchObject({ status: "approved" });
    await end(workers);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    await expect(store.ping()).rejects.toMatchObject({ cause: { message: expect.stringContaining("the file has vanished") } });
    expect(existsSync(path)).toBe(false);
  });
});

/** Outlives single tests, as the contract's store does. */
async function openInNewDirectory(): Promise<OpenedStore> {
  const directory = mkdtempSync(join(tmpdir(), "countersign-sqlite-"));
  const path = join(directory, "ledgers.db");
  const store = await openSqliteStore({ path });
  return {
    store,
    plant: plantInSqlite(path),
    close: async () => {
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function end(workers: readonly Worker[]): Promise<void> {
  const last = workers.at(-1) as Worker;
  await Promise.all([once(last, "exit"), last.terminate()]);
}

function withContent(content: string): string {
  const path = newPath();
  writeFileSync(path, content);
  return path;
}

function withSchema(sql: string): string {
  const path = newPath();
  const connection = new DatabaseSync(path);
  connection.exec(sql);
  connection.close();
  return path;
}
