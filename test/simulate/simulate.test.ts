import { beforeAll, describe, expect, test } from "vitest";
import { bombing, distributedGuessing, honestPeople, lockout, pumpingRing, sequentialNumbers, slowRing } from "../../simulate/actors.ts";
import { plot } from "../../simulate/plot.ts";
import { formatTable, mostPerPrefix } from "../../simulate/report.ts";
import { type Outcome, simulate } from "../../simulate/run.ts";

const cast = () => [
  honestPeople(600, 1, 11),
  pumpingRing(12),
  sequentialNumbers(13),
  slowRing(14),
  bombing(15),
  distributedGuessing(1, 16),
  lockout(10, 17),
];
let enforced: Outcome;
let watched: Outcome;
beforeAll(async () => {
  enforced = await simulate("enforce", cast());
  watched = await simulate("shadow", cast());
}, 240_000);

const named = (outcome: Outcome, name: string) => {
  const found = outcome.tallies.find((tally) => tally.name === name);
  if (!found) throw new Error(`no ${name}`);
  return found;
};
const verdicts = ({ blocks }: Outcome) => blocks.map(({ kind, label, cause }) => `${kind} ${label} ${cause}`);

describe("with default settings, in enforce mode", () => {
  test("each pumping attack gets at most 20 messages to a prefix", () => {
    expect(enforced.pumping.map((tally) => [tally.name, mostPerPrefix(tally)])).toEqual(
      enforced.pumping.map(({ name }) => [name, expect.toSatisfy((most: number) => most > 0 && most <= 20)]),
    );
  });

  test("a ring over rotating addresses costs the price of a handful of messages", () => {
    expect(named(enforced, "ring over rotating addresses").sent).toBeLessThan(60);
    expect(named(enforced, "sequential numbers").sent).toBeLessThanOrEqual(20);
  });

  test("honest people do not notice", () => {
    const { asked, refused } = named(enforced, "honest people");
    expect(refused / asked).toBeLessThan(0.001);
  });

  test("one number gets no more than its table says, and guessing has no more than its budget", () => {
    const { sentAt } = named(enforced, "bombing of one number");
    const inWindow = (minutes: number) =>
      Math.max(...sentAt.map((from) => sentAt.filter((at) => at >= from && at < from + minutes).length));
    expect([inWindow(10) <= 5, inWindow(60) <= 10, inWindow(24 * 60) <= 20]).toEqual([true, true, true]);
    const guessing = named(enforced, "distributed guessing");
    expect(guessing.compared).toBeLessThanOrEqual(20);
    expect(guessing.guessed).toBe(0);
  });

  test("whoever was locked out on purpose gets in again within the window of the lock", () => {
    const locked = named(enforced, "people a stranger locks out");
    expect(locked.sent).toBeGreaterThan(0);
  });
});

describe("in shadow mode", () => {
  test("the guard refuses nothing", () => {
    for (const { name, refused } of watched.pumping) expect([name, refused]).toEqual([name, 0]);
    expect(named(watched, "honest people").refused).toBe(0);
  });

  test("the same verdicts are recorded, with what they would have refused", () => {
    expect(enforced.blocks.length).toBeGreaterThan(1);
    expect(verdicts(watched)).toEqual(expect.arrayContaining(verdicts(enforced)));
    expect(watched.blocks.every((block) => !block.enforced)).toBe(true);
    expect(enforced.blocks.every((block) => block.enforced)).toBe(true);
  });
});

test("both are told as a table and drawn", () => {
  const modes = [
    { mode: "enforce", outcome: enforced },
    { mode: "shadow", outcome: watched },
  ];
  expect(formatTable(modes).split("\n")).toHaveLength(1 + 2 * cast().length);
  expect(plot(modes)).toMatch(/^<svg [\s\S]*<polyline [\s\S]*<\/svg>\n$/);
});
