import { randomBytes, randomInt } from "node:crypto";
import { describe, expect, it, test } from "vitest";
import { writeBase32 } from "../../src/channels/base32.ts";
import { hotpAt } from "../../src/channels/hotp.ts";
import { totpAt } from "../../src/channels/totp.ts";
import { hasOathtool, oathtoolHotp, oathtoolTotp } from "./oathtool.ts";

/** RFC 6238, appendix B, as corrected by errata 2866: the text repeated to the length of the digest. */
const secretOf = (bytes: number): Buffer => Buffer.from("1234567890".repeat(7).slice(0, bytes));
const seeds = { sha1: secretOf(20), sha256: secretOf(32), sha512: secretOf(64) } as const;

describe("HOTP", () => {
  test.each(
    "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489".split(" ").map((code, counter) => [counter, code] as const),
  )("RFC 4226, appendix D: counter %i is %s", (counter, code) => {
    expect(hotpAt({ algorithm: "sha1", digits: 6 }, seeds.sha1, counter)).toBe(code);
  });

  it("counts on beyond 32 bits", () => {
    const at = (counter: number) => hotpAt({ algorithm: "sha1", digits: 8 }, seeds.sha1, counter);
    expect(at(2 ** 32)).not.toBe(at(0));
    expect(at(2 ** 48 - 1)).toMatch(/^\d{8}$/);
  });
});

describe("TOTP", () => {
  test.each([
    [59, "94287082", "46119246", "90693936"],
    [1111111109, "07081804", "68084774", "25091201"],
    [1111111111, "14050471", "67062674", "99943326"],
    [1234567890, "89005924", "91819424", "93441116"],
    [2000000000, "69279037", "90698825", "38618901"],
    [20000000000, "65353130", "77737706", "47863826"],
  ])("RFC 6238, appendix B: %i s", (seconds, sha1, sha256, sha512) => {
    const step = Math.floor(seconds / 30);
    expect({
      sha1: totpAt({ algorithm: "sha1", digits: 8 }, seeds.sha1, step),
      sha256: totpAt({ algorithm: "sha256", digits: 8 }, seeds.sha256, step),
      sha512: totpAt({ algorithm: "sha512", digits: 8 }, seeds.sha512, step),
    }).toEqual({ sha1, sha256, sha512 });
  });
});

describe.skipIf(!hasOathtool())("oathtool says the same", () => {
  const forms = (["sha1", "sha256", "sha512"] as const).flatMap((algorithm) =>
    [6, 7, 8].map((digits) => ({ algorithm, digits, periodSeconds: [15, 30, 60, 120][digits % 4] as number })),
  );

  test.each(forms)("TOTP, $algorithm, $digits digits, $periodSeconds s", async (form) => {
    for (const bytes of [10, 20, 33]) {
      const secret = randomBytes(bytes);
      const ms = randomInt(0, 2 ** 31) * 1000;
      const step = Math.floor(ms / 1000 / form.periodSeconds);
      expect(totpAt(form, secret, step), `${writeBase32(secret)} at ${ms}`).toBe(await oathtoolTotp(form, writeBase32(secret), ms));
    }
  });

  test.each([6, 7, 8])("HOTP, %i digits", async (digits) => {
    for (const bytes of [10, 20, 33]) {
      const secret = randomBytes(bytes);
      const counter = randomInt(0, 2 ** 40);
      expect(hotpAt({ algorithm: "sha1", digits }, secret, counter)).toBe(await oathtoolHotp(digits, writeBase32(secret), counter));
    }
  });
});
