import { describe, expect, it, test } from "vitest";
import { defaultThresholds, judgeTraffic } from "../../src/abuse/judge-traffic.ts";
import { addTraffic, type Block, decayed, halfLifeMs, raiseBlock, type Traffic } from "../../src/otp/traffic.ts";

const now = 1_800_000_000_000;
const day = 86_400_000;
const lines = (count: number, step: number) => Array.from({ length: count }, (_, index) => 1000 + index * step);
const traffic = (more: Partial<Traffic>): Traffic => ({
  sent: 0,
  delivered: 0,
  verified: 0,
  lines: [],
  at: now,
  verifiedAt: now - day,
  ...more,
});
const busyCountry = traffic({ sent: 10_000, verified: 8_000 });

describe("judgeTraffic", () => {
  it.for<[string, Parameters<typeof judgeTraffic>[0], object]>([
    ["a prefix whose codes are typed", { prefix: traffic({ sent: 100, verified: 75, lines: lines(24, 97) }), dial_code: busyCountry }, {}],
    ["a prefix with few messages", { prefix: traffic({ sent: 7, lines: lines(7, 97) }), dial_code: busyCountry }, {}],
    [
      "a prefix whose codes nobody types",
      { prefix: traffic({ sent: 8, lines: lines(8, 97) }), dial_code: busyCountry },
      { prefix: "low_conversion" },
    ],
    [
      "one number that is bombed: its neighbours are not shut out",
      { prefix: traffic({ sent: 20, lines: [5, 5, 5, 6] }), dial_code: busyCountry },
      {},
    ],
    [
      "numbers one after the other",
      { prefix: traffic({ sent: 6, verified: 1, lines: lines(6, 1) }), dial_code: busyCountry },
      { prefix: "sequential_numbers" },
    ],
    [
      "numbers one after the other that are people's",
      { prefix: traffic({ sent: 6, verified: 4, lines: lines(6, 1) }), dial_code: busyCountry },
      {},
    ],
    [
      "a prefix that gets most of a country's messages",
      { prefix: traffic({ sent: 12, verified: 2.5, lines: lines(12, 97) }), dial_code: traffic({ sent: 18, verified: 5 }) },
      { prefix: "concentration" },
    ],
    [
      "a country where nobody ever typed a code",
      { dial_code: { ...traffic({ sent: 20 }), verifiedAt: now - 8 * day } },
      { dial_code: "unproven_country" },
    ],
    ["a country that is new and converts", { dial_code: traffic({ sent: 20, verified: 1, verifiedAt: now }) }, {}],
    ["a country whose codes nobody types any more", { dial_code: traffic({ sent: 200, verified: 10 }) }, { dial_code: "low_conversion" }],
    ["a network whose codes nobody types", { network: traffic({ sent: 20, verified: 1 }) }, { network: "low_conversion" }],
    ["a city behind one address", { network: traffic({ sent: 500, verified: 300 }) }, {}],
  ])("%s", ([, observed, verdict]) => {
    expect(judgeTraffic(observed, defaultThresholds)).toEqual(verdict);
  });
});

test("what was counted an hour ago counts half, and verified codes stay remembered", () => {
  let counted: Traffic | undefined;
  for (let sent = 0; sent < 8; sent++) counted = addTraffic(counted, { key: "k", what: "sent", line: sent }, now);
  counted = addTraffic(counted, { key: "k", what: "verified" }, now);
  expect(decayed(counted, now + halfLifeMs)).toMatchObject({ sent: 4, verified: 0.5, verifiedAt: now, lines: [0, 1, 2, 3, 4, 5, 6, 7] });
  expect(decayed(counted, now + 3 * halfLifeMs).lines).toEqual([]);
});

test("each block in a row is longer, until a week has passed without one", () => {
  const request = {
    key: "k",
    application: "a",
    kind: "prefix",
    label: "+491",
    cause: "low_conversion",
    enforced: true,
    lengthsMs: [10, 100],
  } as const;
  const first = raiseBlock(undefined, request, now);
  expect(first).toMatchObject({ level: 1, until: now + 10 });
  expect(raiseBlock(first, request, now + 9)).toEqual(first);
  const second = raiseBlock(first, request, now + 10);
  expect(second).toMatchObject({ level: 2, until: now + 110 });
  expect(raiseBlock(second, request, now + 110)).toMatchObject({ level: 3, until: now + 210 });
  expect(raiseBlock(second, request, second.until + 7 * day)).toMatchObject({ level: 1 } satisfies Partial<Block>);
});
