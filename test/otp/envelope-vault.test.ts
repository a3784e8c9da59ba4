import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { KeyPurpose, KeyService } from "../../src/otp/authenticator-ports.ts";
import { createDataKeys } from "../../src/otp/data-keys.ts";
import { createEnvelopeVault } from "../../src/otp/envelope-vault.ts";
import { KeyServiceUnavailable } from "../../src/otp/refusal.ts";
import { createLocalVault, joinVaults } from "../../src/otp/secret-vault.ts";

const context = { application: "shop", ledger: "l1", authenticator: "a1" };
const secret = Buffer.from("12345678901234567890");
const hour = 3_600_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Keeps what it made by name, and counts what it is asked. */
function keyService() {
  const made = new Map<string, { readonly key: Buffer; readonly purpose: string }>();
  const handed: Uint8Array[] = [];
  const state = { away: false, made: 0, opened: 0 };
  const service: KeyService = {
    async makeDataKey(purpose: KeyPurpose) {
      await Promise.resolve();
      if (state.away) throw new KeyServiceUnavailable(new Error("away"));
      state.made += 1;
      const [key, wrapped] = [randomBytes(32), randomBytes(100)];
      made.set(wrapped.toString("hex"), { key: Buffer.from(key), purpose: JSON.stringify(purpose) });
      handed.push(key);
      return { key, wrapped };
    },
    async openDataKey(wrapped, purpose) {
      await Promise.resolve();
      if (state.away) throw new KeyServiceUnavailable(new Error("away"));
      state.opened += 1;
      const known = made.get(Buffer.from(wrapped).toString("hex"));
      if (known?.purpose !== JSON.stringify(purpose)) return undefined;
      const key = Buffer.from(known.key);
      handed.push(key);
      return key;
    },
  };
  return { service, state, handed };
}

const vaultOn = (service: KeyService, more: { id?: string; max?: number } = {}) =>
  createEnvelopeVault({ id: more.id ?? "kms", service, random: randomBytes, keys: { max: more.max ?? 100, keepMs: hour } });

const bytesOf = (sealed: string): string => {
  const [id, ...parts] = sealed.split(".");
  return [id, ...parts.map((part) => Buffer.from(part, "base64url").toString("hex"))].join(".");
};

const isOverwritten = (key: Uint8Array | undefined): boolean => key?.every((byte) => byte === 0) ?? false;

describe("a vault under a key service", () => {
  it("opens what it sealed, in this process and in others, and asks the service once a day for sealing", async () => {
    const { service, state } = keyService();
    const [one, other] = [vaultOn(service), vaultOn(service)];
    const sealed = await Promise.all(Array.from({ length: 50 }, () => one.seal(secret, context)));
    expect(new Set(sealed).size).toBe(50);
    expect(sealed.every((text) => /^kms\.[\w-]+\.[\w-]+$/.test(text))).toBe(true);
    for (const text of sealed) expect(await one.open(text, context)).toEqual(secret);
    expect(state).toMatchObject({ made: 1, opened: 0 });
    expect(await Promise.all(sealed.map((text) => other.open(text, context)))).toEqual(sealed.map(() => secret));
    expect(state).toMatchObject({ made: 1, opened: 1 });
    vi.advanceTimersByTime(24 * hour);
    const later = await one.seal(secret, context);
    expect(state.made).toBe(2);
    expect(await other.open(later, context)).toEqual(secret);
  });

  it.each([
    ["another record", { ...context, authenticator: "a2" }],
    ["another ledger", { ...context, ledger: "l2" }],
    ["another application", { ...context, application: "bank" }],
  ])("opens nothing for %s, though they share a data key", async (_, elsewhere) => {
    const vault = vaultOn(keyService().service);
    expect(await vault.open(await vault.seal(secret, context), elsewhere)).toBeUndefined();
  });

  it("opens nothing that was altered in any character, or is another entry's", async () => {
    const { service } = keyService();
    const vault = vaultOn(service);
    const sealed = await vault.seal(secret, context);
    for (let at = 0; at < sealed.length - 1; at++) {
      const altered = `${sealed.slice(0, at)}${sealed[at] === "A" ? "B" : "A"}${sealed.slice(at + 1)}`;
      // The last characters of Base64 may hold bits that no byte has.
      if (bytesOf(altered) === bytesOf(sealed)) continue;
      expect(await vault.open(altered, context).then((opened) => opened && Buffer.from(opened).equals(secret))).not.toBe(true);
    }
    expect(await vaultOn(service, { id: "other" }).open(sealed.replace("kms.", "other."), context)).toBeUndefined();
    for (const text of ["", "kms", "kms.", "kms..", "kms.a.b.c", `kms.${"A".repeat(20_000)}.AAAA`])
      expect(await vault.open(text, context)).toBeUndefined();
  });

  it("keeps data keys in the clear for an hour, and overwrites them then", async () => {
    const { service, state, handed } = keyService();
    const vault = vaultOn(service);
    const sealed = await vault.seal(secret, context);
    vi.advanceTimersByTime(hour - 1);
    expect(await vault.open(sealed, context)).toEqual(secret);
    expect([handed.length, isOverwritten(handed[0])]).toEqual([1, false]);
    await vi.advanceTimersByTimeAsync(1);
    expect(isOverwritten(handed[0])).toBe(true);
    // Use does not prolong it: a key that was disabled is of no more use.
    state.away = true;
    await expect(vault.open(sealed, context)).rejects.toThrow(KeyServiceUnavailable);
    await expect(vault.seal(secret, context)).rejects.toThrow(KeyServiceUnavailable);
    state.away = false;
    expect(await vault.open(sealed, context)).toEqual(secret);
    expect(await vault.open(await vault.seal(secret, context), context)).toEqual(secret);
    expect(state).toMatchObject({ made: 1, opened: 1 });
    vault.close();
    await vi.advanceTimersByTimeAsync(0);
    expect(handed.every(isOverwritten)).toBe(true);
  });

  it("an outage is nothing to whose data key is at hand, and says so to everybody else", async () => {
    const { service, state } = keyService();
    const vault = vaultOn(service);
    state.away = true;
    await expect(vault.seal(secret, context)).rejects.toThrow(KeyServiceUnavailable);
    state.away = false;
    const sealed = await vault.seal(secret, context);
    state.away = true;
    expect(await vault.open(sealed, context)).toEqual(secret);
    expect(await vault.open(await vault.seal(secret, context), context)).toEqual(secret);
    await expect(vaultOn(service).open(sealed, context)).rejects.toThrow(KeyServiceUnavailable);
  });

  it("asks once for what the service does not know, however often it is tried", async () => {
    const { service, state } = keyService();
    const vault = vaultOn(service);
    for (let tried = 0; tried < 20; tried++) expect(await vault.open("kms.AAAA.AAAA", context)).toBeUndefined();
    expect(state.opened).toBe(1);
  });
});

describe("data keys in memory", () => {
  it("are bounded in number; the one that was not used for the longest goes first, overwritten", async () => {
    const { service, state, handed } = keyService();
    const sealed = await Promise.all(Array.from({ length: 5 }, () => vaultOn(service).seal(secret, context)));
    const vault = vaultOn(service, { max: 3 });
    handed.length = 0;
    for (const index of [0, 1, 2, 0, 3]) expect(await vault.open(sealed[index] as string, context)).toEqual(secret);
    await vi.advanceTimersByTimeAsync(0);
    expect([state.opened, handed.map(isOverwritten)]).toEqual([4, [false, true, false, false]]);
    await vault.open(sealed[0] as string, context);
    expect(state.opened).toBe(4);
  });

  it("are never overwritten under somebody's hands: 200 at once through a memory for two", async () => {
    const { service } = keyService();
    const sealed = await Promise.all(Array.from({ length: 5 }, () => vaultOn(service).seal(secret, context)));
    const vault = vaultOn(service, { max: 2 });
    const all = Array.from({ length: 200 }, (_, index) => sealed[index % 5] as string);
    const burst = (texts: readonly string[]) => Promise.all(texts.map((text) => vault.open(text, context)));
    // The first keys of the second burst are at hand, and pushed out while they are waited for.
    const opened = [...(await burst(all)), ...(await burst(all.toReversed()))];
    expect(opened.every((each) => each && Buffer.from(each).equals(secret))).toBe(true);
  });

  it("a fetch that fails is tried again by the next, and by nobody at the same time", async () => {
    const keys = createDataKeys({ max: 10, keepMs: hour });
    let fetched = 0;
    const fetch = async (): Promise<Uint8Array> => {
      fetched += 1;
      if (fetched === 1) throw new Error("away");
      return Buffer.alloc(32, 1);
    };
    const first = await Promise.allSettled([1, 2, 3].map(() => keys.use("a", fetch, (key) => key[0])));
    expect([fetched, first.map(({ status }) => status)]).toEqual([1, ["rejected", "rejected", "rejected"]]);
    expect(await keys.use("a", fetch, (key) => key[0])).toBe(1);
  });
});

describe("several keys", () => {
  it("the first one seals, all of them open what is theirs, in any order of kinds", async () => {
    const local = createLocalVault([{ id: "local", secret: randomBytes(32) }], randomBytes);
    const kms = vaultOn(keyService().service);
    const [before, after] = [
      joinVaults(
        new Map([
          ["local", local],
          ["kms", kms],
        ]),
      ),
      joinVaults(
        new Map([
          ["kms", kms],
          ["local", local],
        ]),
      ),
    ];
    const [old, fresh] = [await before.seal(secret, context), await after.seal(secret, context)];
    expect([old.split(".")[0], fresh.split(".")[0]]).toEqual(["local", "kms"]);
    for (const vault of [before, after]) for (const sealed of [old, fresh]) expect(await vault.open(sealed, context)).toEqual(secret);
    expect(await joinVaults(new Map([["kms", kms]])).open(old, context)).toBeUndefined();
  });
});
