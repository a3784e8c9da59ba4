import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { generateCode } from "../../src/otp/code.ts";
import { extractCode } from "../../web/element/code-text.ts";

describe("the code in a text of digits", () => {
  it.each([
    ["581388", "581388"],
    ["581 388", "581388"],
    ["581-388", "581388"],
    ["58 13 88", "581388"],
    [" 581388\n", "581388"],
    ["581\u00a0388", "581388"],
    ["581\u2011388", "581388"],
    ["٥٨١٣٨٨", "581388"],
    ["۵۸۱۳۸۸", "581388"],
    ["５８１３８８", "581388"],
    ["581388 is your Shop code. It expires in 5 minutes.", "581388"],
    ["Within 10 minutes, enter 581388 (not 1234567)", "581388"],
    ["Your code: 581-388. It expires in 5 minutes.", "581388"],
    ["Order 2024-12345 needs 581388", "581388"],
    ["Pay 123456.78 EUR?\n\n@shop.example #581388", "581388"],
    ["G-581388 is your code", "581388"],
    ["58", "58"],
    ["58x1", "581"],
    ["5813889", "581388"],
    ["", ""],
    ["no code at all", ""],
  ])("%j", (text, code) => {
    expect(extractCode(text, 6, "digits")).toBe(code);
  });
});

describe("the code in a text of letters and digits", () => {
  it.each([
    ["bcd-fg2", "BCDFG2"],
    ["BCDFGH is your Shop code. It expires in 5 minutes.", "BCDFGH"],
    ["Your code: BCD FG2. Never share it.", "BCDFG2"],
    ["bc", "BC"],
    ["b0c", "BC"],
  ])("%j", (text, code) => {
    expect(extractCode(text, 6, "alphanumeric")).toBe(code);
  });
});

it("is found however long, in whatever message, whichever alphabet it was made of", () => {
  const surroundings = fc.constantFrom(
    (code: string) => code,
    (code: string) => `${code.slice(0, 3)} ${code.slice(3)}`,
    (code: string) => `${code.toLowerCase()}`,
    (code: string) => `${code} is your code. It expires in 5 minutes.`,
    (code: string) => `Your code is: ${code}.`,
    (code: string) => `Il tuo codice è ${code}. Non condividerlo.`,
  );
  const alphabets = fc.constantFrom("digits" as const, "alphanumeric" as const);
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 10 }), alphabets, surroundings, (length, alphabet, surround) => {
      const code = generateCode(randomBytes, length, alphabet);
      expect(extractCode(surround(code), length, alphabet)).toBe(code);
    }),
    { numRuns: 300 },
  );
});

it("never gives more than a code has, nor anything else", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 80 }), fc.integer({ min: 4, max: 10 }), (text, length) => {
      expect(extractCode(text, length, "digits")).toMatch(new RegExp(`^\\d{0,${length}}$`));
    }),
  );
});
