import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { generateCode, normalizeCode } from "../../src/otp/code.ts";

describe("generateCode", () => {
  it("throws bytes away that would make some digits likelier than others", () => {
    // 250 to 255 are past the last whole multiple of ten: folded over they would be the digits 0 to 5 once more.
    const source = [250, 255, 7, 251, 19, 249, 0, 254, 1, 2, 3, 4];
    expect(generateCode(() => Uint8Array.from(source), 6, "digits")).toBe("799012");
  });

  it("draws every digit equally often, leading zeros included", () => {
    const counts = new Map<string, number>();
    const draws = 60_000;
    for (let i = 0; i < draws / 6; i += 1)
      for (const digit of generateCode(randomBytes, 6, "digits")) counts.set(digit, (counts.get(digit) ?? 0) + 1);
    // Chi-squared with 9 degrees of freedom: above 39 once in 100,000 runs. The modulo bias of a byte gives about 37 per 10,000 draws.
    const expected = draws / 10;
    const chiSquared = [..."0123456789"].reduce((sum, digit) => sum + ((counts.get(digit) ?? 0) - expected) ** 2 / expected, 0);
    expect(chiSquared).toBeLessThan(39);
  });

  it("uses letters that are not taken for digits", () => {
    const code = Array.from({ length: 200 }, () => generateCode(randomBytes, 10, "alphanumeric")).join("");
    expect(code).toMatch(/^[2-9BCDFGHJKMNPQRSTVWXZ]+$/);
    expect(code).not.toMatch(/[01OILU]/);
  });
});

describe("normalizeCode", () => {
  it.each([
    ["123456", "123456"],
    [" 123 456\n", "123456"],
    ["123-456", "123456"],
    ["0000", "0000"],
  ])("reads %j as %s", (typed, code) => expect(normalizeCode(typed, "digits")).toBe(code));

  it.each(["", "123", "12345678901", "12345a", "１２３４５６", "12345\u0000", "1.2345", "+12345"])("does not take %j for digits", (typed) =>
    expect(normalizeCode(typed, "digits")).toBeUndefined(),
  );

  it("ignores case where codes have letters", () => expect(normalizeCode("b7-xq 2k", "alphanumeric")).toBe("B7XQ2K"));
});
