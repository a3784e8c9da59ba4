import fc from "fast-check";
import { expect, test } from "vitest";
import { measure } from "../../src/channels/segments.ts";

test.each([
  ["", "GSM-7", 0, 1],
  ["a".repeat(160), "GSM-7", 160, 1],
  ["a".repeat(161), "GSM-7", 161, 2],
  ["a".repeat(306), "GSM-7", 306, 2],
  ["a".repeat(307), "GSM-7", 307, 3],
  [`${"a".repeat(158)}€`, "GSM-7", 160, 1],
  [`${"a".repeat(159)}€`, "GSM-7", 161, 2],
  // An escape sequence is not divided: the 153rd septet of the first segment stays empty, and so of the second.
  [`${"a".repeat(152)}€${"a".repeat(151)}€a`, "GSM-7", 308, 3],
  ["{}[]~|^\\€\f", "GSM-7", 20, 1],
  ["@£$¥èéùìòÇØøÅåÆæßÉÄÖÑÜ§¿äöñüà¡\n\r", "GSM-7", 32, 1],
  ["ç", "UCS-2", 1, 1],
  ["ж".repeat(70), "UCS-2", 70, 1],
  ["ж".repeat(71), "UCS-2", 71, 2],
  ["ж".repeat(134), "UCS-2", 134, 2],
  ["ж".repeat(135), "UCS-2", 135, 3],
  ["😀".repeat(35), "UCS-2", 70, 1],
  // A surrogate pair is not divided: 33 fit into 67 units.
  ["😀".repeat(66), "UCS-2", 132, 2],
  ["😀".repeat(67), "UCS-2", 134, 3],
])("%j travels as %s in %d units and %d segments", (text, encoding, units, segments) => {
  expect(measure(text)).toMatchObject({ encoding, units, segments });
});

test("names the character that makes it UCS-2", () => {
  expect(measure("it’s “here”").forcedBy).toBe("’");
  expect(measure("it's here")).not.toHaveProperty("forcedBy");
});

test("no text costs less than its units, or more than one unit lost at the end of each segment", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", "€", "ж", "😀", "\n"), maxLength: 600 }), (text) => {
      const { encoding, units, segments, unitsPerSegment } = measure(text);
      expect(unitsPerSegment).toBe(encoding === "GSM-7" ? (segments === 1 ? 160 : 153) : segments === 1 ? 70 : 67);
      expect(units).toBeLessThanOrEqual(segments * unitsPerSegment);
      if (segments > 1) expect(units).toBeGreaterThan((segments - 1) * (unitsPerSegment - 1));
    }),
    { numRuns: 1000 },
  );
});
