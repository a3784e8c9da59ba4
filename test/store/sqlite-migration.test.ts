import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { authenticatorWith, guessing, limitsWith, newRef, opening, openingUnsent } from "./requests.ts";
import { newPath, openOn, peek } from "./sqlite-file.ts";

/** The schema of version 1, as files in use have it. */
const versionOne = `
  CREATE TABLE ledgers (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    application TEXT NOT NULL,
    body TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    purge_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX ledgers_purge_at ON ledgers (purge_at);
  CREATE TABLE redemptions (
    id TEXT PRIMARY KEY,
    redeemer TEXT NOT NULL,
    redeemed_at INTEGER NOT NULL,
    purge_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX redemptions_purge_at ON redemptions (purge_at);
  PRAGMA application_id = ${0x4353474e};
  PRAGMA user_version = 1;
`;
const sql = {
  find: "SELECT number, application, body, updated_at, purge_at FROM ledgers WHERE id = ?",
  insert: "INSERT INTO ledgers (id, application, body, updated_at, purge_at) VALUES (?, ?, ?, ?, ?)",
  update: "UPDATE ledgers SET body = ?, updated_at = ? WHERE number = ?",
};

/** What a process of the first version holds open, with its statements prepared. */
function startVersionOne(path: string) {
  const connection = new DatabaseSync(path);
  connection.exec("PRAGMA journal_mode = WAL");
  connection.exec(versionOne);
  const ref = newRef();
  const now = Date.now();
  const challenge = {
    state: "open",
    purpose: "login",
    codeLength: 6,
    createdAt: now,
    expiresAt: now + 600_000,
    resendAt: now,
    context: "context",
    codes: ["right"],
    attempts: 1,
    sends: 1,
    sealed: "sealed",
    deliveries: { d1: { channel: "sms", state: "accepted", createdAt: now, updatedAt: now, leaseUntil: now, provider: "twilio" } },
    answers: {},
    reuses: 0,
  };
  const body = JSON.stringify({ sends: [now], failures: [now], failuresInRow: 1, challenges: { [ref.nonce]: challenge } });
  connection.prepare(sql.insert).run(ref.ledger, ref.application, body, now, now + 86_400_000);
  const statements = { find: connection.prepare(sql.find), insert: connection.prepare(sql.insert), update: connection.prepare(sql.update) };
  return { connection, ref, statements };
}

describe("a SQLite file of version 1", () => {
  it("is taken over by the first who opens it, with everything in it", async () => {
    const path = newPath();
    const { connection, ref } = startVersionOne(path);
    connection.close();
    const stores = await Promise.all(Array.from({ length: 4 }, () => openOn(path)));
    const [store] = stores as [(typeof stores)[0]];
    const view = await store.read(ref);
    expect(view).toMatchObject({
      failuresInRow: 1,
      challenge: { attempts: 1, codes: ["right"], deliveries: { d1: { state: "accepted" } } },
    });
    expect(await store.verify(guessing(ref, "right"))).toMatchObject({ status: "approved", view: { challenge: { attempts: 2 } } });
    const next = opening({ ...ref, nonce: newRef().nonce }, { fallback: { channels: ["voice"], afterMs: 0 }, message: { leaseMs: 0 } });
    expect(await store.open(next)).toMatchObject({ status: "opened" });
    expect(await store.dueFallbacks({ before: Date.now() + 5, limit: 9 })).toHaveLength(1);
    expect(
      await store.redeem({ id: "j1", by: "someone", expiresAt: Date.now() + 60_000 } as Parameters<typeof store.redeem>[0]),
    ).toBeDefined();
    expect(peek(path).prepare("PRAGMA user_version").get()).toEqual({ user_version: 2 });
    const columns = (file: string) => peek(file).prepare("SELECT name, type FROM pragma_table_info('ledgers')").all();
    const made = newPath();
    await openOn(made);
    expect(columns(path)).toEqual(columns(made));
    const objects = (file: string) => peek(file).prepare("SELECT type, name, tbl_name FROM sqlite_schema ORDER BY name").all();
    expect(objects(path)).toEqual(objects(made));
  });

  it("stops the old program that still has it open: its next statement fails, and it is told the version", async () => {
    const path = newPath();
    const { connection, ref, statements } = startVersionOne(path);
    expect(statements.find.get(ref.ledger)).toBeDefined();
    const store = await openOn(path);
    expect(() => statements.find.get(ref.ledger)).toThrow("no such column: body");
    expect(() => statements.update.run("{}", 1, 1)).toThrow("no such column: body");
    expect(() => statements.insert.run("other", "shop", "{}", 1, 1)).toThrow("no column named body");
    expect(connection.prepare("PRAGMA user_version").get()).toEqual({ user_version: 2 });
    expect(await store.verify(guessing(ref, "right"))).toMatchObject({ status: "approved" });
    connection.close();
  });

  it("waits for a change of the old program that is under way", async () => {
    const path = newPath();
    const { connection, ref, statements } = startVersionOne(path);
    connection.exec("BEGIN IMMEDIATE");
    const opening = openSqliteStore({ path });
    await new Promise((resolve) => void setTimeout(resolve, 100));
    const { body } = statements.find.get(ref.ledger) as { body: string };
    statements.update.run(body.replace('"attempts":1', '"attempts":4'), Date.now(), 1);
    connection.exec("COMMIT");
    const store = await opening;
    expect(await store.read(ref)).toMatchObject({ challenge: { attempts: 4 } });
    connection.close();
    await store.close();
  });
});

describe("a ledger with authenticators in SQLite", () => {
  it("is never purged while one is active, and may be a year after the last", async () => {
    const path = newPath();
    const store = await openOn(path);
    const ref = newRef();
    await store.openUnsent(openingUnsent(ref, { hideAbsence: true }));
    const file = peek(path);
    const row = () => file.prepare("SELECT record, purge_at FROM ledgers").get() as { record: string; purge_at: number };
    const put = (authenticators: object) =>
      file.prepare("UPDATE ledgers SET record = ?").run(JSON.stringify({ ...JSON.parse(row().record), authenticators }));
    put({ a1: authenticatorWith() });
    const never = 8_640_000_000_000_000;
    // With the limits of the application, and without.
    await store.verify(guessing(ref, "", { claim: null }));
    expect(row().purge_at).toBe(never);
    await store.forgive(ref.ledger);
    expect(row().purge_at).toBe(never);
    put({});
    await store.cancel(ref);
    expect(row().purge_at).toBeLessThan(Date.now() + 366 * 86_400_000);
    await store.charge({ ...ref, limits: limitsWith() });
    expect(row().purge_at).toBeGreaterThan(Date.now() + 364 * 86_400_000);
    put({ a1: authenticatorWith() });
    await store.forgive(ref.ledger);
    expect(row().purge_at).toBe(never);
    expect(JSON.parse(row().record).authenticators).toEqual({ a1: authenticatorWith() });
  });
});
