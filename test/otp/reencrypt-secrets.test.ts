import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { SealedSecret, SealedSecretStore } from "../../src/otp/authenticator-ports.ts";
import { type Progress, type ReencryptDeps, reencryptSecrets } from "../../src/otp/reencrypt-secrets.ts";
import { KeyServiceUnavailable, StoreUnavailable } from "../../src/otp/refusal.ts";
import { createLocalVault, keyIdOf } from "../../src/otp/secret-vault.ts";

const [fresh, old, gone] = ["new", "old", "gone"].map((id, index) => ({ id, secret: Buffer.alloc(32, index + 1) })) as [Key, Key, Key];
type Key = { readonly id: string; readonly secret: Buffer };

const vaultOf = (...keys: readonly Key[]) => createLocalVault(keys, randomBytes);
const bytesOf = (name: string): Buffer => Buffer.from(name.padEnd(20));

/** Secrets named after their ledger, in memory, one ledger each. */
async function create({ vault = vaultOf(fresh, old), ...more }: Partial<ReencryptDeps> = {}) {
  const rows = new Map<string, SealedSecret>();
  const damaged: string[] = [];
  const pages: number[] = [];
  const paused: number[] = [];
  const progress: Progress[] = [];
  const put = async (ledger: string, key: Key) => {
    const context = { application: "shop", ledger, authenticator: `a-${ledger}` };
    rows.set(ledger, { ...context, sealed: await vaultOf(key).seal(bytesOf(ledger), context) });
  };
  const store: SealedSecretStore = {
    async listSecrets({ after, limit, except }) {
      pages.push(limit);
      const page = [...rows.values()].toSorted((a, b) => (a.ledger < b.ledger ? -1 : 1)).filter(({ ledger }) => ledger > after);
      const last = page.slice(0, limit).at(-1);
      const secrets = page.slice(0, limit).filter(({ sealed }) => keyIdOf(sealed) !== except);
      return { secrets, damaged: after === "" ? damaged : [], ...(last && { next: last.ledger }) };
    },
    async replaceSecret({ ledger, sealed, by }) {
      const row = rows.get(ledger);
      if (row?.sealed !== sealed) return false;
      rows.set(ledger, { ...row, sealed: by });
      return true;
    },
  };
  const deps: ReencryptDeps = {
    store,
    vault,
    newestKey: "new",
    maxPerSecond: 1e9,
    pause: async (ms) => void paused.push(ms),
    onProgress: (each) => void progress.push(each),
    ...more,
  };
  return { deps, rows, damaged, pages, paused, progress, put, store };
}

describe("re-encryption", () => {
  it("puts every secret under the newest key, tells how far it is, and does nothing the second time", async () => {
    const { deps, rows, put, progress } = await create();
    for (let index = 0; index < 500; index++) await put(`l${index}`, index % 5 === 0 ? fresh : old);
    expect(await reencryptSecrets(deps)).toEqual({ moved: 400, left: new Map(), unreadable: 0, damaged: 0, examples: [] });
    for (const { sealed, ...context } of rows.values()) expect(await vaultOf(fresh).open(sealed, context)).toEqual(bytesOf(context.ledger));
    expect(progress.at(-1)).toEqual({ done: 400, total: 400 });
    expect(progress.every(({ done }, index) => done >= (progress[index - 1]?.done ?? 0))).toBe(true);
    const before = [...rows.values()];
    expect(await reencryptSecrets(deps)).toMatchObject({ moved: 0, left: new Map() });
    expect([...rows.values()]).toEqual(before);
  });

  it("leaves what it cannot read, says what that is, and goes on", async () => {
    const { deps, rows, damaged, put } = await create();
    for (const [ledger, key] of [
      ["a", old],
      ["b", gone],
      ["c", old],
      ["d", old],
    ] as const)
      await put(ledger, key);
    const moved = rows.get("c") as SealedSecret;
    rows.set("c", { ...moved, sealed: (rows.get("d") as SealedSecret).sealed });
    damaged.push("broken");
    const before = [rows.get("b"), rows.get("c")];
    expect(await reencryptSecrets(deps)).toEqual({
      moved: 2,
      left: new Map([
        ["gone", 1],
        ["old", 1],
      ]),
      unreadable: 2,
      damaged: 1,
      examples: ["broken", "b a-b", "c a-c"],
    });
    expect([rows.get("b"), rows.get("c")]).toEqual(before);
  });

  it("overtakes nobody: a secret that changed meanwhile is looked at again", async () => {
    const { deps, rows, put, store } = await create();
    await put("a", old);
    let raced = false;
    const racing: SealedSecretStore = {
      ...store,
      async replaceSecret(secret) {
        if (!raced) await put("a", old);
        raced = true;
        return store.replaceSecret(secret);
      },
    };
    expect(await reencryptSecrets({ ...deps, store: racing })).toMatchObject({ moved: 1, left: new Map() });
    expect(keyIdOf(rows.get("a")?.sealed ?? "")).toBe("new");
  });

  it("finds what comes in behind its back", async () => {
    const { deps, rows, put, store } = await create();
    await put("m", old);
    const late: SealedSecretStore = {
      ...store,
      async replaceSecret(secret) {
        if (secret.ledger === "m") await put("a", old);
        return store.replaceSecret(secret);
      },
    };
    expect(await reencryptSecrets({ ...deps, store: late })).toMatchObject({ moved: 2, left: new Map() });
    expect([...rows.values()].map(({ sealed }) => keyIdOf(sealed))).toEqual(["new", "new"]);
  });

  it("comes to an end beside a process that goes on sealing under an older key, and says so", async () => {
    const { deps, put, store } = await create();
    await put("a0", old);
    let made = 0;
    const busy: SealedSecretStore = {
      ...store,
      async replaceSecret(secret) {
        const replaced = await store.replaceSecret(secret);
        made += 1;
        await put(`A${1000 - made}`, old);
        return replaced;
      },
    };
    const { moved, left, unreadable } = await reencryptSecrets({ ...deps, store: busy });
    expect([moved, [...left], unreadable]).toEqual([4, [["old", 1]], 0]);
  });

  it("keeps to its rate", async () => {
    const { deps, put, paused } = await create({ maxPerSecond: 200 });
    for (let index = 0; index < 192; index++) await put(`l${index}`, old);
    await reencryptSecrets(deps);
    // Nobody really waits here, so every third of a second that was to be waited is to be waited again; less what the work took.
    expect(paused).toHaveLength(3);
    for (const [turn, ms] of paused.entries()) {
      expect(ms).toBeLessThanOrEqual(320 * (turn + 1));
      expect(ms).toBeGreaterThan(320 * turn);
    }
  });

  it("waits out an outage of store or key service, and ends when it does not", async () => {
    const vault = vaultOf(fresh, old);
    let failures = 0;
    const flaky = <T>(work: () => Promise<T>): Promise<T> => {
      failures += 1;
      if (failures % 3 === 0) return work();
      return Promise.reject(failures % 2 === 0 ? new StoreUnavailable(new Error("store")) : new KeyServiceUnavailable(new Error("kms")));
    };
    const { deps, put, paused, store } = await create();
    await put("a", old);
    const hardly: ReencryptDeps = {
      ...deps,
      vault: { seal: (...given) => flaky(() => vault.seal(...given)), open: vault.open },
      store: { listSecrets: (page) => flaky(() => store.listSecrets(page)), replaceSecret: store.replaceSecret },
    };
    expect(await reencryptSecrets(hardly)).toMatchObject({ moved: 1, left: new Map() });
    expect(paused.length).toBeGreaterThan(0);
    const never = { ...deps, vault: { ...vault, seal: () => Promise.reject(new KeyServiceUnavailable(new Error("kms"))) } };
    await put("b", old);
    paused.length = 0;
    await expect(reencryptSecrets(never)).rejects.toThrow(KeyServiceUnavailable);
    expect(paused).toEqual([200, 400, 800, 1600, 3200]);
  });

  it("asks for bounded pages", async () => {
    const { deps, put, pages } = await create();
    for (let index = 0; index < 450; index++) await put(`l${String(index).padStart(3, "0")}`, old);
    await reencryptSecrets(deps);
    expect(new Set(pages)).toEqual(new Set([200]));
  });
});
