import { availableParallelism } from "node:os";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problem.ts";
import { load, loadGood, production } from "./production.ts";

const withWorkers = (workers: unknown, more: object = {}) => ({ ...production(), workers, ...more });
const limited = (perSecond: number) => {
  const { mail } = production().providers;
  return { providers: { mail: { ...mail, perSecond } } };
};
const problemsOf = (loaded: ReturnType<typeof load>): string[] => (loaded.ok ? [] : loaded.problems.map(formatProblem));

test("one process serves, unless more are asked for", () => {
  expect(loadGood(production()).workers).toBe(1);
  expect(loadGood(withWorkers(4)).workers).toBe(4);
  expect(loadGood(withWorkers("auto")).workers).toBe(Math.min(64, availableParallelism()));
  expect(loadGood(withWorkers(3, limited(3))).workers).toBe(3);
});

test.each([0, 65, 1.5, "many", true, null])("%j is refused, with what to write", (workers) => {
  expect(problemsOf(load(withWorkers(workers)))).toEqual([
    expect.stringMatching(/^workers .*: write how many processes serve, a whole number from 1 to 64, or auto: as many as there are cores$/),
  ]);
});

test("what only one process can have is refused", () => {
  const inMemory = problemsOf(load(withWorkers(2, { store: { url: "sqlite::memory:" } })));
  expect(inMemory).toContainEqual(
    expect.stringMatching(/^workers is more than 1, and store\.url names the memory of one process: write sqlite:PATH/),
  );
  expect(problemsOf(load(withWorkers(3, limited(2))))).toEqual([
    "providers.mail.perSecond is divided among 3 workers, of which each needs 1: write at least 3, or at most 2 in workers",
  ]);
});

test("in development mode, too", () => {
  const loaded = loadConfig({ env: { COUNTERSIGN__workers: "2" } });
  expect(problemsOf(loaded)).toEqual([
    expect.stringMatching(/workers.* is more than 1, and in development mode messages stay in the memory/),
  ]);
});
