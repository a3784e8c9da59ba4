import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { readBase32, writeBase32 } from "../../src/channels/base32.ts";
import { readOtpauth, writeOtpauth } from "../../src/channels/otpauth.ts";
import { drawQr } from "../../src/channels/qr.ts";
import type { Enrolled } from "../../src/otp/authenticator-ports.ts";
import { pixelsOf } from "./png-pixels.ts";
import { hasZbar, readQr } from "./read-qr.ts";

const secret = Buffer.from("12345678901234567890");
const base32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const enrolled = (more: Partial<Enrolled> = {}): Enrolled => ({
  kind: "totp",
  secret,
  algorithm: "sha1",
  digits: 6,
  periodSeconds: 30,
  counter: 0,
  ...more,
});

describe("Base32", () => {
  // RFC 4648, section 10, without padding.
  test.each([
    ["f", "MY"],
    ["fo", "MZXQ"],
    ["foo", "MZXW6"],
    ["foob", "MZXW6YQ"],
    ["fooba", "MZXW6YTB"],
    ["foobar", "MZXW6YTBOI"],
  ])("%s is %s", (text, written) => {
    expect(writeBase32(Buffer.from(text))).toBe(written);
    expect(Buffer.from(readBase32(written) ?? []).toString()).toBe(text);
  });

  it("reads back whatever it wrote, however people copy it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 128 }), (bytes) => {
        const written = writeBase32(bytes);
        const copied = ` ${written.toLowerCase().replace(/(.{4})/g, "$1 ")}${"=".repeat(6)}`;
        for (const text of [written, copied]) expect(readBase32(text)).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });

  it("drops bits that fill no byte, and refuses what was cut off or is something else", () => {
    expect(readBase32("MZXW6YTBOJ")).toEqual(readBase32("MZXW6YTBOI"));
    for (const text of ["", "=", "M", "MZX", "MZXW6Y", "MZXW6YT1", "MZXW6YT8", "MZXW6YTÄ", "otpauth://totp/a"])
      expect(readBase32(text), text).toBeUndefined();
  });
});

describe("the otpauth URI", () => {
  it("escapes issuer and account, and says what differs from what apps expect", () => {
    expect(writeOtpauth(enrolled(), { issuer: "Müller & Söhne", account: "jane+a@example.com?x=1#/%" })).toBe(
      `otpauth://totp/M%C3%BCller%20%26%20S%C3%B6hne:jane%2Ba%40example.com%3Fx%3D1%23%2F%25?secret=${base32}&issuer=M%C3%BCller%20%26%20S%C3%B6hne`,
    );
    const odd = writeOtpauth(enrolled({ algorithm: "sha512", digits: 8, periodSeconds: 60 }), { issuer: "A", account: "b" });
    expect(odd).toBe(`otpauth://totp/A:b?secret=${base32}&issuer=A&algorithm=SHA512&digits=8&period=60`);
    expect(writeOtpauth(enrolled({ kind: "hotp", counter: 7 }), { issuer: "A", account: "b" })).toBe(
      `otpauth://hotp/A:b?secret=${base32}&issuer=A&counter=7`,
    );
  });

  it("is read back as it was written", () => {
    const labels = fc.record({
      issuer: fc.string({ minLength: 1, maxLength: 40, unit: "grapheme" }),
      account: fc.string({ minLength: 1, maxLength: 64, unit: "grapheme" }),
    });
    const form = fc.record({
      kind: fc.constantFrom("totp" as const, "hotp" as const),
      secret: fc.uint8Array({ minLength: 10, maxLength: 64 }),
      algorithm: fc.constantFrom("sha1" as const, "sha256" as const, "sha512" as const),
      digits: fc.integer({ min: 6, max: 8 }),
      periodSeconds: fc.integer({ min: 15, max: 120 }),
      counter: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    });
    fc.assert(
      fc.property(form, labels, (given, label) => {
        const read = readOtpauth(writeOtpauth(given, label));
        const expected = { ...given, ...(given.kind === "totp" ? { counter: 0 } : { periodSeconds: 30 }) };
        expect({ algorithm: "sha1", digits: 6, periodSeconds: 30, counter: 0, ...read }).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it("is read as other systems write it", () => {
    expect(readOtpauth(`otpauth://TOTP/a?SECRET=${base32.toLowerCase()}&Algorithm=HmacSHA256&image=x`)).toEqual({
      kind: "totp",
      secret: new Uint8Array(secret),
      algorithm: "sha256",
    });
  });

  test.each([
    "https://example.com",
    "otpauth:totp",
    "otpauth://steam/a?secret=GEZDGNBVGY3TQOJQ",
    "otpauth://totp/a",
    "otpauth://totp/a?secret=",
    "otpauth://totp/a?secret=01",
    "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&secret=MZXW6YTBOIMZXW6Y",
    "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&algorithm=MD5",
    "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&algorithm=__proto__",
    "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&digits=six",
    "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&period=-30",
    "otpauth://hotp/a?secret=GEZDGNBVGY3TQOJQ&counter=1e3",
    "otpauth://hotp/a?secret=GEZDGNBVGY3TQOJQ&counter=9999999999999999",
  ])("%s is none", (text) => expect(readOtpauth(text)).toBeUndefined());
});

describe("the QR code", () => {
  const uri = writeOtpauth(enrolled({ secret: randomBytes(20) }), { issuer: "Example Shop", account: "jane.doe@example.com" });
  const longest = writeOtpauth(enrolled({ secret: randomBytes(64), algorithm: "sha512" }), {
    issuer: "日".repeat(40),
    account: "語".repeat(64),
  });

  it("is two images, which are small and hold nothing but squares", async () => {
    const { png, svg } = await drawQr(uri);
    expect([png.length < 6_144, svg.length < 8_192]).toEqual([true, true]);
    const text = Buffer.from(svg).toString();
    expect(text).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[\s\S]*<\/svg>\n?$/);
    expect(text).not.toMatch(/script|href|otpauth|secret/i);
  });

  it("shows in the PNG what it shows in the SVG", async () => {
    const { png, svg } = await drawQr(uri);
    expect(squaresOfPng(png)).toEqual(squaresOfSvg(Buffer.from(svg).toString()));
  });

  it.skipIf(!hasZbar())("is read back as the URI, the longest too", async () => {
    for (const text of [uri, longest]) expect(await readQr((await drawQr(text)).png)).toBe(text);
  });

  it("has room for the longest labels", async () => {
    const { png, svg } = await drawQr(longest);
    expect([png.length < 16_384, svg.length < 20_480]).toEqual([true, true]);
  });
});

/** Which squares are dark, row by row. */
function squaresOfPng(png: Uint8Array): string[] {
  const { width, bytesPerPixel, data } = pixelsOf(png);
  const side = width / 4;
  const isDark = (x: number, y: number): boolean => (data[(y * 4 * width + x * 4) * bytesPerPixel] as number) < 128;
  return Array.from({ length: side }, (_, y) => Array.from({ length: side }, (__, x) => (isDark(x, y) ? "#" : ".")).join(""));
}

/** The library draws rows of horizontal strokes: `M4 4.5h7m1 0h2` and so on. */
function squaresOfSvg(svg: string): string[] {
  const side = Number(/viewBox="0 0 (\d+) /.exec(svg)?.[1]);
  const rows = Array.from({ length: side }, () => Array.from({ length: side }, () => "."));
  const path = / d="(M[^"]+)"\/><\/svg>/.exec(svg)?.[1] ?? "";
  let [x, y] = [0, 0];
  for (const [, command, first, second] of path.matchAll(/([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?/g)) {
    if (command === "M") [x, y] = [Number(first), Math.floor(Number(second))];
    else if (command === "m") [x, y] = [x + Number(first), y + Number(second)];
    else for (const end = x + Number(first); x < end; x++) (rows[y] as string[])[x] = "#";
  }
  return rows.map((row) => row.join(""));
}
