import { readFileSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mongoCollections } from "../../src/store/mongo-collections.ts";
import { shrink } from "../../src/store/sqlite-shrink.ts";
import { newRef, opening } from "./requests.ts";
import { newPath, openOn, peek } from "./sqlite-file.ts";

const patience = { timeout: 30_000, interval: 100 };
const guide = readFileSync(new URL("../../docs/store.md", import.meta.url), "utf8");

/** One row that has run out, and one that has not, in each table that SQLite purges. */
const rows = {
  ledgers: "INSERT INTO ledgers (id, application, record, updated_at, purge_at) VALUES ('KEY', 'shop', '{}', 1, AT)",
  limits: "INSERT INTO limits (id, counter, purge_at) VALUES ('KEY', '{}', AT)",
  redemptions: "INSERT INTO redemptions (id, redeemer, redeemed_at, purge_at) VALUES ('KEY', 'someone', 1, AT)",
  traffic: "INSERT INTO traffic (key, body, purge_at) VALUES ('KEY', '{}', AT)",
  blocks: "INSERT INTO blocks (key, body, until) VALUES ('KEY', '{}', AT)",
} as const;
const later = Date.now() + 86_400_000;

describe("what a SQLite store keeps", () => {
  it("goes from every table when it has run out, and from none before", async () => {
    const path = newPath();
    await openOn(path);
    const file = peek(path);
    for (const sql of Object.values(rows)) {
      file.exec(sql.replace("KEY", "over").replace("AT", "1"));
      file.exec(sql.replace("KEY", "kept").replace("AT", String(later)));
    }
    const tables = file.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
    expect(tables.map(({ name }) => name)).toEqual(Object.keys(rows).sort());
    const left = () => Object.keys(rows).map((table) => file.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);
    await expect.poll(left, patience).toEqual([1, 1, 1, 1, 1]);
  });

  it("takes no more room than it needs: the file shrinks after a flood, by itself", async () => {
    const path = newPath();
    const before = await openOn(path);
    await before.open(opening(newRef()));
    const file = peek(path);
    expect(file.prepare("PRAGMA auto_vacuum").get()).toEqual({ auto_vacuum: 2 });
    file.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
      INSERT INTO ledgers (id, application, record, updated_at, purge_at) SELECT 'old' || i, 'shop', hex(zeroblob(3000)), 1, 1 FROM n`);
    file.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const flooded = statSync(path).size;
    expect(flooded).toBeGreaterThan(15_000_000);
    const store = await openOn(path);
    await expect.poll(() => file.prepare("SELECT count(*) AS n FROM ledgers").get()?.n, patience).toBe(1);
    await expect
      .poll(() => {
        file.exec("PRAGMA wal_checkpoint(PASSIVE)");
        return statSync(path).size;
      }, patience)
      .toBeLessThan(flooded / 4);
    await store.ping();
    expect(file.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  });

  it("keeps some free pages for what comes next, and leaves files that cannot shrink as they are", async () => {
    const path = newPath();
    await openOn(path);
    const file = peek(path);
    expect(shrink(file)).toBe(0);
    file.exec("CREATE TABLE filler (text TEXT); INSERT INTO filler SELECT hex(zeroblob(4000000)); DROP TABLE filler");
    const free = () => Number(file.prepare("PRAGMA freelist_count").get()?.freelist_count);
    const freed = free();
    expect(freed).toBeGreaterThan(1_500);
    expect(shrink(file)).toBe(1);
    expect(free()).toBe(freed - 1_024);
    while (shrink(file) === 1);
    expect(free()).toBeGreaterThan(0);
  });
});

describe("the guide", () => {
  it("says of every collection and table how long it is kept", () => {
    const told = [...guide.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    expect(new Set(told)).toEqual(new Set([...mongoCollections.map(({ name }) => name), ...Object.keys(rows)]));
    for (const { name, keptMs } of mongoCollections) {
      if (keptMs === undefined) continue;
      const [, days = ""] = new RegExp(`^\\| \`${name}\` \\|[^|]*\\|[^|]*\\| ([\\d.,]+) (?:days|hours)`, "m").exec(guide) ?? [];
      const unit = new RegExp(`^\\| \`${name}\` \\|[^|]*\\|[^|]*\\| [\\d.,]+ hours`, "m").test(guide) ? 3_600_000 : 86_400_000;
      expect(Number(days) * unit, name).toBeCloseTo(keptMs, 0);
    }
  });
});
