import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLiveKeyring } from "../../src/assemble/live-keyring.ts";
import { createKeyring } from "../../src/otp/keyring.ts";

const ledgerKey = randomBytes(32);
const aKey = (id: string) => ({ id, secret: randomBytes(32) });
const ref = { application: "shop", ledger: "l".repeat(20), nonce: "n".repeat(16) };
const keepMs = 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a keyring whose code keys are replaced", () => {
  const [a, b] = [aKey("a"), aKey("b")];
  const start = () => createLiveKeyring({ ledgerKey, codeKeys: [a] }, randomBytes);
  const hashUnder = (key: ReturnType<typeof aKey>) =>
    createKeyring({ ledgerKey, codeKeys: [key] }, randomBytes).hashCode(ref, "c", "123456")[0];

  it("signs with the first of the new ones, and what is named by the ledger key stays", () => {
    const keyring = start();
    const [ledger, digest] = [keyring.ledgerOf("shop", "x"), keyring.digest("x")];
    expect(keyring.replace([b, a], keepMs)).toEqual([]);
    expect(keyring.hashCode(ref, "c", "123456")).toEqual([hashUnder(b), hashUnder(a)]);
    expect(keyring.seal(ref, "x")).toMatch(/^b\./);
    expect([keyring.ledgerOf("shop", "x"), keyring.digest("x")]).toEqual([ledger, digest]);
  });

  it("reads by a dropped key until its time is over, and no longer; and signs by it no more", () => {
    const keyring = start();
    const sealed = keyring.seal(ref, "what was sent");
    expect(keyring.replace([b], keepMs)).toEqual(["a"]);
    vi.advanceTimersByTime(keepMs - 1);
    expect(keyring.unseal(ref, sealed)).toBe("what was sent");
    expect(keyring.hashCode(ref, "c", "123456")).toEqual([hashUnder(b), hashUnder(a)]);
    expect(keyring.seal(ref, "x")).toMatch(/^b\./);
    vi.advanceTimersByTime(1);
    expect(keyring.hashCode(ref, "c", "123456")).toEqual([hashUnder(b)]);
    expect(() => keyring.unseal(ref, sealed)).toThrow(/no code key has the id "a"/);
  });

  it("does not forget a key that came back", () => {
    const keyring = start();
    keyring.replace([b], keepMs);
    keyring.replace([b, a], keepMs);
    vi.advanceTimersByTime(2 * keepMs);
    expect(keyring.hashCode(ref, "c", "123456")).toEqual([hashUnder(b), hashUnder(a)]);
  });

  it("keeps the newest eight, however often they are replaced", () => {
    const keyring = start();
    const keys = Array.from({ length: 30 }, (_, index) => aKey(`k${index}`));
    for (const key of keys) keyring.replace([key], keepMs);
    expect(keyring.hashCode(ref, "c", "123456").slice(1)).toEqual(keys.slice(-9, -1).map(hashUnder));
    keyring.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
