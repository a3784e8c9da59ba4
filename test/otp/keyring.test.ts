import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { anyHashEqual, createKeyring } from "../../src/otp/keyring.ts";

const ledgerKey = randomBytes(32);
const [first, second] = [
  { id: "2026-01", secret: randomBytes(32) },
  { id: "2026-07", secret: randomBytes(32) },
];
const ring = (...codeKeys: { id: string; secret: Uint8Array }[]) => createKeyring({ ledgerKey, codeKeys }, randomBytes);
const ref = { ledger: "l".repeat(20), nonce: "n".repeat(16), application: "shop" };

describe("createKeyring", () => {
  it("lets a new key sign while the old one still verifies", () => {
    const [before] = ring(first).hashCode(ref, "context", "123456");
    const [now, ...others] = ring(second, first).hashCode(ref, "context", "123456");
    expect(now).not.toBe(before);
    expect(others).toEqual([before]);
  });

  it("hashes a code differently in every context", () => {
    const { hashCode } = ring(first);
    const hashes = [
      hashCode(ref, "context", "123456"),
      hashCode(ref, "context", "123457"),
      hashCode(ref, "other", "123456"),
      hashCode({ ...ref, nonce: "m".repeat(16) }, "context", "123456"),
      hashCode({ ...ref, ledger: "k".repeat(20) }, "context", "123456"),
      hashCode({ ...ref, application: "bank" }, "context", "123456"),
    ];
    expect(new Set(hashes.flat()).size).toBe(hashes.length);
  });

  it("does not take one list of parts for another", () => {
    const { digest } = ring(first);
    expect(digest("a", "bc")).not.toBe(digest("ab", "c"));
    expect(digest("a", "")).not.toBe(digest("a"));
    expect(digest("1:a")).not.toBe(digest("1", "a"));
  });

  it("names one ledger per application and recipient, whatever the code keys are", () => {
    expect(ring(first).ledgerOf("shop", "+49151")).toBe(ring(second).ledgerOf("shop", "+49151"));
    expect(ring(first).ledgerOf("shop", "+49151")).not.toBe(ring(first).ledgerOf("bank", "+49151"));
    expect(ring(first).ledgerOf("shop", "+49151")).toMatch(/^[A-Za-z0-9_-]{20}$/);
  });

  it("seals under the signing key and opens under any live one, for the same challenge only", () => {
    const sealed = ring(first).seal(ref, "+4915112345678");
    expect(sealed).not.toContain("4915112345678");
    expect(ring(second, first).unseal(ref, sealed)).toBe("+4915112345678");
    expect(() => ring(first).unseal({ ...ref, nonce: "m".repeat(16) }, sealed)).toThrow();
    expect(() => ring(second).unseal(ref, sealed)).toThrow(/2026-01/);
    expect(() => ring(first).unseal(ref, `${sealed.slice(0, -2)}AA`)).toThrow();
  });

  it("seals the same text differently each time", () => {
    const { seal } = ring(first);
    expect(seal(ref, "text")).not.toBe(seal(ref, "text"));
  });
});

describe("anyHashEqual", () => {
  it("finds an equal pair wherever it is", () => {
    expect(anyHashEqual(["aa", "bb"], ["cc", "bb"])).toBe(true);
    expect(anyHashEqual(["aa", "bb"], ["cc", "dd"])).toBe(false);
    expect(anyHashEqual(["aa"], ["aaa"])).toBe(false);
    expect(anyHashEqual([], ["aa"])).toBe(false);
  });
});
