import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createServerClock } from "../../web/element/clock.ts";
import { explain } from "../../web/element/explain.ts";
import { countdown, fromNow, plural } from "../../web/element/format.ts";
import { createRequestKeys } from "../../web/element/keys.ts";
import { directionOf, findTexts, languageNames, spokenLocale } from "../../web/element/texts.ts";

const proto = readFileSync(new URL("../../proto/countersign/v1/error_reason.proto", import.meta.url), "utf8");
const reasons = [...proto.matchAll(/ERROR_REASON_(\w+) = [1-9]/g)].map(([, reason]) => reason ?? "");

describe.each(languageNames)("%s", (language) => {
  const texts = findTexts(language);
  const reader = { texts, locale: language };

  it.each(reasons)("has words for %s, and none of the service's own", (reason) => {
    const text = explain({ reason, metadata: { attempts_remaining: "2" }, fields: [], retryAfterMs: 61_000 }, { kind: "phone" }, reader);
    expect(text.length).toBeGreaterThan(20);
    expect(text).not.toMatch(/[{}_]|undefined/);
  });

  it("fills in every placeholder it has, and only those", () => {
    const places = (name: string, value: unknown): string[] => {
      if (typeof value === "string") return [...value.matchAll(/\{(\w+)\}/g)].map(([, place]) => `${name} ${place}`);
      return Object.entries(value as object).flatMap(([key, each]) =>
        places(`${name}.${/^(zero|one|two|few|many|other)$/.test(key) ? "#" : key}`, each),
      );
    };
    const own = new Set(places("", texts));
    expect([...own].sort()).toEqual([...new Set(places("", findTexts("en")))].sort());
  });

  it("counts", () => {
    const counted = [1, 2, 3, 5, 11, 100].map((n) => plural(texts.attempts, n, language));
    expect(new Set(counted).size).toBe(counted.length);
  });
});

it("speaks the reader's language, or English", () => {
  expect(findTexts("de-CH").send).toBe("Code senden");
  expect(findTexts("nl").send).toBe("Send code");
  expect([spokenLocale("de-CH"), spokenLocale("nl"), spokenLocale("???")]).toEqual(["de-CH", "en", "en"]);
  expect([directionOf("ar-EG"), directionOf("en")]).toEqual(["rtl", "ltr"]);
});

it("lets a page say it in its own words", () => {
  const texts = findTexts("en", { send: "Text me a code", problems: { wrong: "Nope." } });
  expect([texts.send, texts.problems.wrong, texts.problems.offline]).toEqual(["Text me a code", "Nope.", findTexts("en").problems.offline]);
});

it.each([
  [29_001, "0:30"],
  [30_000, "0:30"],
  [1, "0:01"],
  [0, "0:00"],
  [-5, "0:00"],
  [125_000, "2:05"],
])("%s ms: %s", (ms, text) => {
  expect(countdown(ms)).toBe(text);
});

it.each([
  [400, "in 1 second"],
  [59_000, "in 59 seconds"],
  [59_001, "in 1 minute"],
  [61_000, "in 2 minutes"],
  [3_540_000, "in 59 minutes"],
  [3_540_001, "in 1 hour"],
  [3_600_001, "in 2 hours"],
])("%s ms: %s", (ms, text) => {
  expect(fromNow(ms, "en")).toBe(text);
});

describe("the server's time", () => {
  it("is the latest that any answer tells, and goes on by itself", () => {
    let elapsed = 0;
    const clock = createServerClock(() => elapsed);
    clock.observe(1_000_000);
    elapsed = 500;
    expect(clock.now()).toBe(1_000_500);
    // `Date` without its milliseconds says less than is known already.
    clock.observe(1_000_000);
    expect(clock.now()).toBe(1_000_500);
    clock.observe(1_002_000);
    expect(clock.now()).toBe(1_002_000);
    clock.observe(Number.NaN);
    expect(clock.now()).toBe(1_002_000);
  });
});

describe("the name of a request", () => {
  it("stays until the service has answered, and is another for other content", () => {
    let count = 0;
    const keys = createRequestKeys((bytes) => bytes.fill(++count));
    const first = keys.keyFor("a");
    expect(first).toBe("01".repeat(16));
    expect(keys.keyFor("a")).toBe(first);
    expect(keys.keyFor("b")).not.toBe(first);
    const again = keys.keyFor("a");
    expect(again).not.toBe(first);
    keys.settle();
    expect(keys.keyFor("a")).not.toBe(again);
  });
});
