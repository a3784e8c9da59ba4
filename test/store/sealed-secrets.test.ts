import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import type { SealedSecret, SealedSecretStore } from "../../src/otp/authenticator-ports.ts";
import { proveAuthenticator } from "../../src/otp/authenticator-rules.ts";
import type { Ledger } from "../../src/otp/ledger.ts";
import { emptyLedger } from "../../src/otp/ledger-rules.ts";
import * as rules from "../../src/otp/sealed-secrets.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { adding, app, codes, confirming, newSubject, waiting } from "./authenticator-requests.ts";
import type { SubjectStore } from "./authenticators-contract.ts";
import { findMongo } from "./databases.ts";
import { newPath, openOn, peek } from "./sqlite-file.ts";

type Store = SealedSecretStore & Pick<SubjectStore, "addAuthenticators" | "proveAuthenticator" | "inspect">;

const mongo = await findMongo();
const url = mongo?.newDatabase() ?? "";
afterAll(async () => {
  await mongo?.drop(url);
  await mongo?.stop();
});

async function mongoStore(): Promise<Store> {
  const store = await openMongoStore({ url, timeoutMs: 10_000 });
  afterAll(() => store.close());
  return store;
}

const kinds: readonly { readonly name: string; open(count: number): Promise<Store[]> }[] = [
  { name: "SQLite", open: (count) => openAll(count, newPath()) },
  ...(mongo ? [{ name: "MongoDB", open: (count: number) => Promise.all(Array.from({ length: count }, mongoStore)) }] : []),
];

/** `run` throws when the invariant is broken. The stores share one database. */
type Race = { readonly name: string; run(stores: readonly Store[]): Promise<void> };

const each = <T>(stores: readonly Store[], count: number, call: (store: Store, index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => call(stores[index % stores.length] as Store, index)));

const races: readonly Race[] = [
  {
    name: "40 that replace one secret at once: one does",
    async run(stores) {
      const [of, phone] = [newSubject(), app({ secret: "k1.a" })];
      await (stores[0] as Store).addAuthenticators(adding(of, phone));
      const replaced = await each(stores, 40, (store, index) =>
        store.replaceSecret({ ...of, authenticator: phone.id, sealed: "k1.a", by: `k2.${index}` }),
      );
      assert.equal(replaced.filter(Boolean).length, 1);
    },
  },
  {
    name: "use and enrolment while every secret is replaced: neither is lost",
    async run(stores) {
      const [of, token] = [newSubject(), app({ kind: "hotp", secret: "k1.0" })];
      await (stores[0] as Store).addAuthenticators(adding(of, token));
      const replacing = async (store: Store) => {
        for (let round = 0; round < 20; round++)
          await store.replaceSecret({ ...of, authenticator: token.id, sealed: `k1.${round}`, by: `k1.${round + 1}` });
      };
      const using = async (store: Store) => {
        for (let position = 0; position < 20; position++)
          assert.equal((await store.proveAuthenticator(confirming(of, token, position, { act: "resync" }))).status, "proved");
      };
      const late = app({ secret: "k1.late" });
      const [one, two] = stores as [Store, Store];
      await Promise.all([replacing(one), using(two), two.addAuthenticators(adding(of, late))]);
      const { authenticators = {} } = (await one.inspect(of.ledger))?.ledger ?? {};
      assert.deepEqual([authenticators[token.id]?.next, authenticators[token.id]?.secret], [20, "k1.20"]);
      assert.equal(authenticators[late.id]?.secret, "k1.late");
    },
  },
];

const openAll = (count: number, path: string): Promise<Store[]> => Promise.all(Array.from({ length: count }, () => openOn(path)));

/** All pages, of these ledgers. */
async function list(store: Store, ledgers: readonly string[], limit: number, except?: string) {
  const found: SealedSecret[] = [];
  for (let after: string | undefined = ""; after !== undefined; ) {
    const page = await store.listSecrets({ after, limit, ...(except !== undefined && { except }) });
    found.push(...page.secrets);
    after = page.next;
  }
  return found.filter(({ ledger }) => ledgers.includes(ledger));
}

describe.each(kinds)("secrets on $name", ({ open }) => {
  it("are listed page by page, each once, but for those under the key, recovery codes, and what nobody confirmed", async () => {
    const [store] = (await open(1)) as [Store];
    const subjects = Array.from({ length: 7 }, () => ({ of: newSubject(), old: app({ secret: "k1.a" }), fresh: app({ secret: "k2.b" }) }));
    for (const { of, old, fresh } of subjects) await store.addAuthenticators(adding(of, old, fresh, codes(["h1"])));
    const [first] = subjects as [(typeof subjects)[0]];
    const [late, inTime] = [waiting({ secret: "k1.late", confirmMs: 1 }), waiting({ secret: "k1.c" })];
    await store.addAuthenticators(adding(first.of, late));
    await sleep(5);
    await store.addAuthenticators(adding(first.of, inTime));
    const ledgers = subjects.map(({ of }) => of.ledger);
    const all = subjects.flatMap(({ of, old }) => ({ ...of, authenticator: old.id, sealed: "k1.a" }));
    const expected = [...all, { ...first.of, authenticator: inTime.id, sealed: "k1.c" }];
    const order = (secrets: readonly object[]) => secrets.map((each) => JSON.stringify(Object.entries(each).sort())).toSorted();
    for (const limit of [1, 3, 100]) expect(order(await list(store, ledgers, limit, "k2"))).toEqual(order(expected));
    expect(await list(store, ledgers, 100)).toHaveLength(expected.length + 7);
    expect(await list(store, ledgers, 100, "k")).toHaveLength(expected.length + 7);
  });

  it("are replaced where they are still what they were, and nothing else of the record is touched", async () => {
    const [store] = (await open(1)) as [Store];
    const [of, phone, other] = [newSubject(), app({ secret: "k1.a" }), app({ secret: "k1.a" })];
    await store.addAuthenticators(adding(of, phone, other));
    const before = await store.inspect(of.ledger);
    const secret = { ...of, authenticator: phone.id, sealed: "k1.a", by: "k2.b" };
    for (const wrong of [
      { sealed: "k1.x" },
      { application: "bank" },
      { ledger: "none" },
      { authenticator: "none" },
      { authenticator: "__proto__" },
    ])
      expect(await store.replaceSecret({ ...secret, ...wrong })).toBe(false);
    expect(await store.replaceSecret(secret)).toBe(true);
    expect(await store.replaceSecret(secret)).toBe(false);
    const after = await store.inspect(of.ledger);
    const known = before?.ledger.authenticators ?? {};
    expect(after?.ledger).toEqual({
      ...before?.ledger,
      authenticators: { ...known, [phone.id]: { ...known[phone.id], secret: "k2.b" } },
    });
  });

  it.each(races)("$name", async ({ run }) => run(await open(2)));
});

it("a damaged record keeps no other from being found, and is told of", async () => {
  const path = newPath();
  const store = await openOn(path);
  const [one, two] = [newSubject(), newSubject()];
  for (const of of [one, two]) await store.addAuthenticators(adding(of, app({ secret: "k1.a" })));
  peek(path).prepare("UPDATE ledgers SET record = '{' WHERE id = ?").run(one.ledger);
  const { secrets, damaged } = await store.listSecrets({ after: "", limit: 10 });
  expect([secrets.map(({ ledger }) => ledger), damaged]).toEqual([[two.ledger], [one.ledger]]);
});

describe("a race is seen to be lost by a store that reads, decides, and then writes", () => {
  it.each(races)("$name", async ({ run }) => {
    await expect(run([brokenStore(), brokenStore()])).rejects.toThrow();
  });
});

const database = new Map<string, Ledger>();

function brokenStore(): Store {
  const change = async <T>(of: { ledger: string; application: string }, rule: (ledger: Ledger) => T): Promise<T> => {
    await sleep(Math.random() * 4);
    const ledger = structuredClone(database.get(of.ledger) ?? emptyLedger(of.application));
    const outcome = rule(ledger);
    await sleep(Math.random() * 4);
    database.set(of.ledger, ledger);
    return outcome;
  };
  return {
    replaceSecret: (secret) => change(secret, (ledger) => rules.replaceSecret(ledger, secret)),
    proveAuthenticator: (request) => change(request, (ledger) => proveAuthenticator(ledger, request, Date.now())),
    addAuthenticators: (request) =>
      change(request, (ledger) => {
        for (const { id, confirmMs: _, unused: __, ...more } of request.add)
          ledger.authenticators = { ...ledger.authenticators, [id]: { ...more, createdAt: 0, attempts: 0, drift: 0 } };
        return { status: "too_many" as const };
      }),
    inspect: async (id) => ({ ledger: database.get(id) as Ledger, now: 0 }),
    listSecrets: async () => ({ secrets: [], damaged: [] }),
  };
}
