import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LimitTake, monotonicMs, type TakeOutcome } from "../../src/otp/limit-counter.ts";
import type { LimitStore } from "../../src/otp/store-ports.ts";
import { longMs, newId, taking } from "./limits-requests.ts";
import { sleepAtLeast, waitsTruthfully } from "./steps.ts";

type Open = () => Promise<{ readonly store: LimitStore; close(): Promise<void> }>;

/** What every store of limits must do. */
export function limitsContract(name: string, open: Open): void {
  describe(`limits on ${name}`, () => {
    let opened: Awaited<ReturnType<Open>>;
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(() => opened.close());
    const take = (...takes: LimitTake[]) => opened.store.takeLimits(takes);

    it("takes nothing from nothing", async () => {
      expect(await take()).toEqual({ status: "taken", full: [] });
    });

    it("gives as much as there is, and says which counter is full, in which window and for how long", async () => {
      const [small, large] = [taking({ max: 2 }), taking()];
      expect([await take(small, large), await take(small, large)].map(({ status }) => status)).toEqual(["taken", "taken"]);
      const { status, full } = await take(small, large);
      expect({ status, full }).toEqual({ status: "full", full: [{ id: small.id, windowMs: longMs, retryAfterMs: expect.any(Number) }] });
      expect(full[0]?.retryAfterMs).toBeGreaterThan(longMs * 0.9);
      expect(full[0]?.retryAfterMs).toBeLessThanOrEqual(longMs * 1.1);
    });

    it("takes from all or from none, wherever the full one stands", async () => {
      for (const position of [0, 1, 2]) {
        const empty = taking({ max: 1 });
        await take(empty);
        const others = [taking({ max: 3 }), taking({ max: 3 })];
        for (let i = 0; i < 5; i++) expect((await take(...others.toSpliced(position, 0, empty))).status).toBe("full");
        for (let i = 0; i < 3; i++) expect((await take(...others)).status).toBe("taken");
        expect((await take(...others)).full.map(({ id }) => id)).toContain(others[0]?.id);
      }
    });

    it("tells of every counter that is full, from the first such one on", async () => {
      const [first, second] = [taking({ max: 1 }), taking({ max: 1, windowMs: 2 * longMs })];
      await take(first);
      await take(second);
      const { full } = await take(taking(), first, second);
      expect(full.map(({ id }) => id).toSorted()).toEqual([first.id, second.id].toSorted());
    });

    it("lets nobody be held back by an advisory counter, and tells that it is full", async () => {
      const advisory = taking({ max: 1, isAdvisory: true });
      const [before, after] = [taking(), taking()];
      expect(await take(before, advisory, after)).toEqual({ status: "taken", full: [] });
      expect(await take(before, advisory, after)).toMatchObject({ status: "taken", full: [{ id: advisory.id, windowMs: longMs }] });
      const hopeless = taking({ max: 1, amount: 2, isAdvisory: true });
      expect(await take(hopeless, after)).toEqual({ status: "taken", full: [{ id: hopeless.id, windowMs: longMs }] });
      expect((await take(taking({ id: after.id, amount: 2 }))).status).toBe("taken");
      expect((await take(after)).status).toBe("full");
    });

    it("refuses what can never fit without a time, and takes nothing for it", async () => {
      const [other, never] = [taking({ max: 1 }), taking({ max: 5, amount: 6 })];
      expect(await take(other, never)).toEqual({ status: "full", full: [{ id: never.id, windowMs: longMs }] });
      expect((await take(other)).status).toBe("taken");
      expect((await take({ ...never, amount: 5 })).status).toBe("taken");
    });

    it("holds every window of a counter", async () => {
      const id = newId();
      const windows = [
        { windowMs: longMs, max: 3 },
        { windowMs: 6 * longMs, max: 2 },
      ];
      const both = taking({ id, windows });
      expect([await take(both), await take(both)].map(({ status }) => status)).toEqual(["taken", "taken"]);
      expect((await take(both)).full).toMatchObject([{ windowMs: 6 * longMs }]);
      expect((await take({ ...both, windows: windows.slice(0, 1) })).status).toBe("taken");
      expect((await take({ ...both, windows: windows.slice(0, 1) })).full).toMatchObject([{ windowMs: longMs }]);
    });

    it("begins a window that is new in the configuration empty, beside one that is full", async () => {
      const id = newId();
      const old = taking({ id, max: 1 });
      await take(old);
      const changed = { ...old, windows: [{ windowMs: 3 * longMs, max: 1 }] };
      expect([(await take(changed)).status, (await take(changed)).status, (await take(old)).status]).toEqual(["taken", "full", "full"]);
    });

    it("holds a lowered maximum, and gives what a raised one has more", async () => {
      const id = newId();
      for (let i = 0; i < 3; i++) await take(taking({ id }));
      expect((await take(taking({ id, max: 3 }))).status).toBe("full");
      expect((await take(taking({ id, max: 4 }))).status).toBe("taken");
    });

    it("gives back what was taken, and no more", async () => {
      const one = taking({ max: 2 });
      const beganAtMs = monotonicMs();
      await take(one);
      await opened.store.giveBackLimits({ takes: [one], beganAtMs });
      for (let i = 0; i < 3; i++) await opened.store.giveBackLimits({ takes: [one, taking()], beganAtMs });
      expect([(await take(one)).status, (await take(one)).status, (await take(one)).status]).toEqual(["taken", "taken", "full"]);
    });

    it("gives nothing back to a window that the take may have left", async () => {
      const one = taking({ max: 1, windowMs: 500 });
      const beganAtMs = monotonicMs();
      await take(one);
      await sleepAtLeast(600);
      expect((await take(one)).status).toBe("taken");
      await opened.store.giveBackLimits({ takes: [one], beganAtMs });
      expect((await take(one)).status).toBe("full");
    });

    it("tells truly when there is room again", async () => {
      const one = taking({ max: 1, windowMs: 600 });
      await take(one);
      const outcome = await waitsTruthfully(async () => withWait(await take(one)), { status: "full" });
      expect(outcome.status).toBe("taken");
    });

    it("frees a window bit by bit, and not at once", async () => {
      const one = taking({ max: 2, windowMs: 1_000 });
      await take(one);
      await new Promise((resolve) => setTimeout(resolve, 400));
      await take(one);
      const wait = (await take(one)).full[0]?.retryAfterMs ?? Number.NaN;
      expect(wait).toBeLessThanOrEqual(710);
      await new Promise((resolve) => setTimeout(resolve, wait + 3));
      expect([(await take(one)).status, (await take(one)).status]).toEqual(["taken", "full"]);
    });

    it("counts as a reference does that only adds up", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) => runBoth(opened.store, steps)),
        { numRuns: 12 },
      );
    });
  });
}

/** As the helper looks for it. */
function withWait({ status, full: [first] }: TakeOutcome) {
  return { status, ...(first?.retryAfterMs !== undefined && { retryAfterMs: first.retryAfterMs }) };
}

const maxima = [1, 3, 6];
const wanted = fc.record({ counter: fc.nat(2), amount: fc.integer({ min: 1, max: 4 }), isAdvisory: fc.boolean() });
const step = fc.record({
  verb: fc.constantFrom("take", "take", "take", "give back"),
  takes: fc.uniqueArray(wanted, { minLength: 1, maxLength: 3, selector: ({ counter }) => counter }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function runBoth(store: LimitStore, steps: readonly Step[]): Promise<void> {
  const ids = maxima.map(newId);
  const used = [0, 0, 0];
  const beganAtMs = monotonicMs();
  for (const [index, { verb, takes }] of steps.entries()) {
    const asked = takes.map(({ counter, ...more }) => taking({ id: ids[counter] ?? "", max: maxima[counter] ?? 0, ...more }));
    if (verb === "give back") {
      await store.giveBackLimits({ takes: asked, beganAtMs });
      for (const { counter, amount } of takes) used[counter] = Math.max(0, (used[counter] ?? 0) - amount);
    } else {
      const { status, full } = await store.takeLimits(asked);
      const outcome = { status, full: full.map(({ id }) => ids.indexOf(id)).toSorted() };
      expectReference(outcome, takes, { used, label: `step ${index}` });
    }
  }
}

type Wanted = Step["takes"][number];

function expectReference(
  { status, full }: { readonly status: string; readonly full: readonly number[] },
  takes: readonly Wanted[],
  { used, label }: { readonly used: number[]; readonly label: string },
): void {
  const isFull = ({ counter, amount }: Wanted) => (used[counter] ?? 0) + amount > (maxima[counter] ?? 0);
  const countersOf = (some: readonly Wanted[]) => some.map(({ counter }) => counter).toSorted();
  const refusing = takes.filter((take) => !take.isAdvisory && isFull(take));
  expect(status, label).toBe(refusing.length > 0 ? "full" : "taken");
  if (refusing.length > 0) {
    // A store may stop at the first one.
    expect(full.length, label).toBeGreaterThan(0);
    expect(countersOf(refusing), label).toEqual(expect.arrayContaining([...full]));
    return;
  }
  expect(full, label).toEqual(countersOf(takes.filter(isFull)));
  for (const take of takes.filter((each) => !isFull(each))) used[take.counter] = (used[take.counter] ?? 0) + take.amount;
}
