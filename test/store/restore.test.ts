import { join } from "node:path";
import { MongoClient } from "mongodb";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { never } from "../../src/otp/ledger-limits.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { backUpMongo } from "../../src/store/mongo-backup.ts";
import { restoreMongo } from "../../src/store/mongo-restore.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { backUpSqlite } from "../../src/store/sqlite-backup.ts";
import { restoreSqlite } from "../../src/store/sqlite-restore.ts";
import type { Plant } from "./contract.ts";
import { findMongo } from "./databases.ts";
import { taking } from "./limits-requests.ts";
import { plantInMongo, plantInSqlite } from "./plant.ts";
import { authenticatorWith, guessing, limitsWith, newRef, opening } from "./requests.ts";
import { newDirectory, newPath, peek } from "./sqlite-file.ts";

const mongo = await findMongo();
afterAll(() => mongo?.stop());

const onProgress = () => {};
const ledgerKey = "fingerprint";

function newMongo(): string {
  const url = mongo?.newDatabase() ?? "";
  onTestFinished(async () => mongo?.drop(url));
  return url;
}

type Kind = {
  readonly name: string;
  newPlace(): string;
  open(place: string): ReturnType<typeof openSqliteStore>;
  plant(place: string): Plant;
  backUp(place: string, to: string): Promise<unknown>;
  restore(from: string, place: string, keepTokens: boolean): Promise<unknown>;
};

const kinds: readonly Kind[] = [
  {
    name: "SQLite",
    newPlace: newPath,
    open: (path) => openSqliteStore({ path }),
    plant: plantInSqlite,
    backUp: (path, to) => backUpSqlite({ path, to, ledgerKey, onProgress }),
    restore: (from, path, keepTokens) => restoreSqlite({ from, path, keepTokens, onProgress }),
  },
  ...(mongo
    ? [
        {
          name: "MongoDB",
          newPlace: newMongo,
          open: (url: string) => openMongoStore({ url, timeoutMs: 10_000 }),
          plant: plantInMongo,
          backUp: (url: string, to: string) => backUpMongo({ url, to, ledgerKey, onProgress }),
          restore: (from: string, url: string, keepTokens: boolean) => restoreMongo({ from, url, keepTokens, onProgress }),
        },
      ]
    : []),
];

const limits = limitsWith();

describe.each(kinds)("a restore of $name", ({ newPlace, open, plant, backUp, restore }) => {
  test("keeps counters and blocks, closes challenges, and gives up tokens unless told to keep them", async () => {
    const place = newPlace();
    const store = await open(place);
    const [recipient, user] = [newRef(), newRef()];
    await store.open(opening(recipient));
    await store.verify(guessing(recipient, "wrong"));
    const take = { ...taking(), windows: [{ windowMs: 600_000, max: 1 }] };
    expect(await store.takeLimits([take])).toMatchObject({ status: "taken" });
    const proof = { id: "j1", by: "someone", expiresAt: Date.now() + 600_000 };
    await store.redeem(proof);
    const where = { application: "shop", kind: "prefix", label: "+1", cause: "operator", enforced: true } as const;
    await store.raiseBlock({ ...where, key: "place", lengthsMs: [600_000] });
    await plant(place)(user, { token: authenticatorWith({ kind: "hotp", next: 5 }) });
    const file = join(newDirectory(), "backup");
    await backUp(place, file);
    // Since the backup the code was used, and so was one of the token.
    expect(await store.verify(guessing(recipient, "right"))).toMatchObject({ status: "approved" });
    const claim = { position: 5, drift: 0 };
    const prove = { ...user, authenticator: "token", act: "resync", kind: "hotp", claim, limits } as const;
    expect(await store.proveAuthenticator(prove)).toMatchObject({ status: "proved" });
    await store.close();

    const safe = newPlace();
    expect(await restore(file, safe, false)).toEqual({ challenges: 1, hotp: 1, recoveryCodes: 0 });
    const restored = await open(safe);
    expect(await restored.verify(guessing(recipient, "right"))).toEqual({ status: "canceled" });
    expect(await restored.read(recipient)).toMatchObject({ failuresInRow: 1, challenge: { attempts: 1 } });
    expect(await restored.proveAuthenticator(prove)).toMatchObject({ status: "not_found" });
    expect(await restored.takeLimits([take])).toMatchObject({ status: "full" });
    expect(await restored.redeem({ ...proof, by: "another" })).toEqual({ status: "taken" });
    expect(await restored.listBlocks({ limit: 9 })).toMatchObject([{ key: "place", enforced: true }]);
    expect(await restored.dueFallbacks({ before: Date.now() + 1e9, limit: 9 })).toEqual([]);
    await restored.close();

    const kept = newPlace();
    expect(await restore(file, kept, true)).toEqual({ challenges: 1, hotp: 0, recoveryCodes: 0 });
    const trusting = await open(kept);
    expect(await trusting.proveAuthenticator(prove)).toMatchObject({ status: "proved" });
    await trusting.close();
  });
});

test("a ledger of SQLite whose tokens were dropped is purged one day, as any other", async () => {
  const [path, to, ref] = [newPath(), newPath(), newRef()];
  await (await openSqliteStore({ path })).close();
  await plantInSqlite(path)(ref, { token: authenticatorWith({ kind: "hotp" }) });
  const file = join(newDirectory(), "backup");
  await backUpSqlite({ path, to: file, ledgerKey, onProgress });
  await restoreSqlite({ from: file, path: to, keepTokens: false, onProgress });
  const { purge_at: purgeAt } = peek(to).prepare("SELECT purge_at FROM ledgers").get() as { purge_at: number };
  expect(purgeAt).toBeLessThan(never);
  expect(peek(to).prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'backup'").get()).toEqual({ n: 0 });
});

test.skipIf(!mongo)("a MongoDB database that is half restored opens for nobody", async () => {
  const [url, broken] = [newMongo(), newMongo()];
  const store = await openMongoStore({ url, timeoutMs: 10_000 });
  await store.open(opening(newRef()));
  await store.close();
  const file = join(newDirectory(), "backup");
  await backUpMongo({ url, to: file, ledgerKey, onProgress });
  const stop = () => {
    throw new Error("as if it had been killed");
  };
  await expect(restoreMongo({ from: file, url: broken, keepTokens: false, onProgress: stop })).rejects.toThrow("killed");
  await expect(openMongoStore({ url: broken, timeoutMs: 10_000 })).rejects.toThrow(/was interrupted: drop the database/);
  const client = new MongoClient(broken);
  expect(await client.db().collection("ledgers").countDocuments()).toBe(1);
  await client.close();
});
