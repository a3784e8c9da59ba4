import { setTimeout as sleep } from "node:timers/promises";
import { type Db, MongoClient } from "mongodb";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { StoreUnavailable } from "../../src/otp/refusal.ts";
import { type MongoStoreOptions, openMongoStore } from "../../src/store/mongo.ts";
import { currentSchema, type Schema, type SchemaDocument, type SchemaStep } from "../../src/store/mongo-schema.ts";
import { findMongo } from "./databases.ts";
import { another, guessing, limitsWith, newRef, opening } from "./requests.ts";

const mongo = await findMongo();
afterAll(() => mongo?.stop());

const patience = { timeout: 20_000, interval: 20 };
type Ledger = { readonly _id: string; readonly layout?: number };

function newDatabase() {
  const url = mongo?.newDatabase() ?? "";
  const client = new MongoClient(url);
  onTestFinished(async () => {
    await client.db().dropDatabase();
    await client.close();
  });
  return { url, db: client.db(), ledgers: client.db().collection<Ledger>("ledgers") };
}

async function open(options: MongoStoreOptions) {
  const store = await openMongoStore({ timeoutMs: 10_000, checkEveryMs: 50, ...options });
  onTestFinished(() => store.close());
  return store;
}

const schemaOf = (db: Db) => db.collection<SchemaDocument>("meta").findOne({ _id: "schema" });

/** A recipient as the first version wrote it: no `wakeAt`, no `authenticators`, and no word of a schema anywhere. */
async function writeVersionOne(ledgers: ReturnType<typeof newDatabase>["ledgers"], failures: number) {
  const ref = newRef();
  const now = Date.now();
  const at = new Date(now);
  const challenge = {
    state: "open",
    purpose: "login",
    codeLength: 6,
    createdAt: at,
    expiresAt: new Date(now + 600_000),
    resendAt: at,
    context: "context",
    codes: ["right"],
    attempts: 3,
    sends: 1,
    sealed: "sealed",
    deliveries: { d1: { channel: "sms", state: "accepted", createdAt: at, updatedAt: at, leaseUntil: at, provider: "twilio" } },
    answers: {},
    reuses: 0,
  };
  const moments = Array.from({ length: failures }, (_, index) => new Date(now - 1000 + index));
  const until = new Date(now + 86_400_000);
  const record = {
    application: ref.application,
    sends: [at],
    failures: moments,
    failuresInRow: failures,
    open: { [ref.nonce]: challenge },
  };
  await ledgers.insertOne({ _id: ref.ledger, ...record, at, verdict: "opened", keepUntil: until, purgeAt: until } as Ledger);
  return ref;
}

/** The next version of the program, which marks every record, ten at a time. */
function nextSchema(step: Partial<SchemaStep>, onPage: (cursor: string) => unknown = () => {}): Schema {
  const migrate = async (db: Db, cursor: string) => {
    await onPage(cursor);
    const ledgers = db.collection<Ledger>("ledgers");
    const page = await ledgers
      .find({ _id: { $gt: cursor } })
      .sort({ _id: 1 })
      .limit(10)
      .toArray();
    await ledgers.updateMany({ _id: { $in: page.map(({ _id }) => _id) } }, { $set: { layout: 3 } });
    return page.at(-1)?._id;
  };
  return { version: 3, steps: { ...currentSchema.steps, 2: { minReader: 1, minWriter: 1, migrate, ...step } } };
}

describe.skipIf(!mongo)("the schema of a MongoDB database", () => {
  test("a new database says which it has, and its version is kept by the next start", async () => {
    const { url, db } = newDatabase();
    await Promise.all(Array.from({ length: 4 }, () => open({ url })));
    expect(await schemaOf(db)).toEqual({ _id: "schema", version: currentSchema.version, minReader: 1, minWriter: 1 });
  });

  test("one of before databases said so is taken over, with every limit, by several processes at once", async () => {
    const { url, db, ledgers } = newDatabase();
    const [ref, locked] = [await writeVersionOne(ledgers, 2), await writeVersionOne(ledgers, 7)];
    const stores = await Promise.all(Array.from({ length: 3 }, () => open({ url })));
    await expect.poll(async () => (await schemaOf(db))?.version, patience).toBe(currentSchema.version);
    expect(await schemaOf(db)).not.toHaveProperty("by");
    const [store] = stores as [(typeof stores)[0]];
    expect(await store.read(ref)).toMatchObject({ failuresInRow: 2, challenge: { attempts: 3, sends: 1 } });
    const limits = limitsWith({ failuresInRow: 7, guessesPerChallenge: 5 });
    expect(await store.verify(guessing(locked, "right", { limits }))).toMatchObject({ status: "exhausted", scope: "recipient" });
    expect(await store.open(opening(another(locked), { limits }))).toMatchObject({ status: "exhausted", scope: "recipient" });
    expect(await store.open(opening(another(ref), { limits: limitsWith({ sendWindows: [{ windowMs: 600_000, max: 1 }] }) }))).toMatchObject(
      {
        status: "rate_limited",
      },
    );
    const outcomes = await Promise.all(stores.map((each) => each.verify(guessing(ref, "right", { limits }))));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["approved", "used", "used"]);
  });

  test("a step is taken once, page by page, while programs of both versions serve", async () => {
    const { url, db, ledgers } = newDatabase();
    const old = await open({ url });
    const refs = Array.from({ length: 35 }, () => newRef());
    await Promise.all(refs.map((ref) => old.open(opening(ref))));
    const pages: string[] = [];
    const schema = nextSchema({}, async (cursor) => {
      pages.push(cursor);
      // Whatever is written on the way stays as it is.
      const ref = refs[pages.length] ?? newRef();
      expect(await old.verify(guessing(ref, "right"))).toMatchObject({ status: "approved" });
    });
    const fresh = await Promise.all([open({ url, schema }), open({ url, schema })]);
    await expect.poll(async () => (await schemaOf(db))?.version, patience).toBe(3);
    expect(pages).toHaveLength(5);
    expect(new Set(pages).size).toBe(5);
    expect(await ledgers.countDocuments({ layout: 3 })).toBe(35);
    const last = refs.at(-1) ?? newRef();
    expect(await old.verify(guessing(last, "wrong"))).toMatchObject({ status: "mismatch" });
    expect(await fresh[0].verify(guessing(last, "right"))).toMatchObject({ status: "approved", view: { challenge: { attempts: 2 } } });
    expect(await fresh[1].verify(guessing(last, "right"))).toEqual({ status: "used" });
    expect(await (await open({ url })).read(last)).toMatchObject({ challenge: { state: "verified" } });
  });

  test("another process goes on where one fell silent", async () => {
    const { url, db, ledgers } = newDatabase();
    const old = await open({ url });
    await Promise.all(Array.from({ length: 35 }, () => old.open(opening(newRef()))));
    let done = 0;
    const failing = nextSchema({}, () => {
      done += 1;
      if (done > 2) throw new Error("as if it had been killed");
    });
    const first = await open({ url, schema: failing, leaseMs: 500, checkEveryMs: 600_000 });
    await expect.poll(() => done, patience).toBe(3);
    await first.close();
    const pages: string[] = [];
    await open({ url, schema: nextSchema({}, (cursor) => pages.push(cursor)), leaseMs: 500 });
    await expect.poll(async () => (await schemaOf(db))?.version, patience).toBe(3);
    expect(pages).toHaveLength(3);
    expect(pages).not.toContain("");
    expect(await ledgers.countDocuments({ layout: 3 })).toBe(35);
  });

  test.each([
    ["only one process is at a step", 60_000, 1],
    ["which a lease that lapses at once would not keep", -1, 2],
  ])("%s", async (_, leaseMs, most) => {
    const { url, db } = newDatabase();
    await open({ url });
    let inside = 0;
    let seen = 0;
    const both = async () => {
      inside += 1;
      seen = Math.max(seen, inside);
      for (let waited = 0; seen < 2 && waited < (most === 1 ? 10 : 200); waited++) await sleep(100);
      inside -= 1;
    };
    await Promise.all([1, 2].map(() => open({ url, schema: nextSchema({}, both), leaseMs })));
    if (most === 1) await expect.poll(async () => (await schemaOf(db))?.version, patience).toBe(3);
    else await expect.poll(() => seen, patience).toBe(2);
    expect(seen).toBe(most);
  });

  test("programs that do not know the new layout are shut out before anything changes, and told so", async () => {
    const { url, db } = newDatabase();
    const old = await open({ url });
    const ref = newRef();
    await old.open(opening(ref));
    const atFirstPage: unknown[] = [];
    const schema = nextSchema({ minReader: 3, minWriter: 3 }, async () => {
      atFirstPage.push(await old.verify(guessing(ref, "right")).catch((error: unknown) => error));
    });
    const fresh = await open({ url, schema, checkEveryMs: 1_000 });
    await expect.poll(async () => (await schemaOf(db))?.version, patience).toBe(3);
    expect(atFirstPage[0]).toBeInstanceOf(StoreUnavailable);
    expect(String((atFirstPage[0] as Error).cause)).toMatch(
      /for programs that know 3 or newer, and this one knows 2: start the newer program/,
    );
    await expect(openMongoStore({ url })).rejects.toThrow(/version 3 of the schema.*start the newer program/);
    expect(await fresh.verify(guessing(ref, "right"))).toMatchObject({ status: "approved", view: { challenge: { attempts: 1 } } });
  });
});
