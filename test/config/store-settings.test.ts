import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { mongoLimits } from "../../src/assemble/open-store.ts";
import { formatProblem } from "../../src/config/problem.ts";
import { fileSettings } from "../../src/config/settings.ts";
import { load, loadGood, production } from "./production.ts";

const withStore = (store: object) => ({ ...production(), store: { url: "mongodb://db.internal/countersign", ...store } });

test("pool and time-outs have defaults, which the sample gives", () => {
  const { mongo } = loadGood(withStore({}));
  expect(mongo).toEqual({
    pool: { max: 64, min: 0, waitMs: 1_000 },
    timeouts: { operationMs: 2_000, serverSelectionMs: 1_000, connectMs: 2_000, socketMs: 2_000 },
  });
  const sample = parse(readFileSync(new URL("../../countersign.sample.yaml", import.meta.url), "utf8"));
  const { url: _, ...defaults } = fileSettings.shape.store.parse({ url: "sqlite:x" });
  const { url: __, ...given } = sample.store;
  expect(given).toEqual(defaults);
});

test("what is set reaches the driver", () => {
  const pool = { max: 200, min: 10, waitSeconds: 0.5 };
  const timeouts = { operationSeconds: 5, serverSelectionSeconds: 3, connectSeconds: 1.5, socketSeconds: 4 };
  expect(mongoLimits(loadGood(withStore({ pool, timeouts })).mongo)).toEqual({
    maxPoolSize: 200,
    minPoolSize: 10,
    waitMs: 500,
    timeoutMs: 5_000,
    serverSelectionMs: 3_000,
    connectMs: 1_500,
    socketMs: 4_000,
  });
});

test.each([
  [{ pool: { max: 0 } }, "store.pool.max", /whole number from 1 to 1000/],
  [{ pool: { max: 4, min: 5 } }, "store.pool.min", /is more than store\.pool\.max: write at most 4/],
  [{ pool: { waitSeconds: 0 } }, "store.pool.waitSeconds", /from 0\.1 to 10/],
  [{ timeouts: { operationSeconds: 11 } }, "store.timeouts.operationSeconds", /from 0\.2 to 10/],
  [{ timeouts: { connectSeconds: "2s" } }, "store.timeouts.connectSeconds", /a number from 0\.1 to 10/],
  [{ timeouts: { socketSeconds: 0.1 } }, "store.timeouts.socketSeconds", /from 0\.2 to 10/],
])("%j is refused", (store, setting, why) => {
  const loaded = load(withStore(store));
  expect(loaded.ok).toBe(false);
  const problems = loaded.ok ? [] : loaded.problems.map(formatProblem);
  expect(problems).toEqual([expect.stringMatching(why)]);
  expect(problems[0]).toContain(setting);
});
