import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { TrafficStore } from "../../src/otp/store-ports.ts";
import type { BlockRequest } from "../../src/otp/traffic.ts";

let named = 0;
const newKey = (): string => `place${process.pid}-${++named}`;
const blockOf = (more: Partial<BlockRequest> = {}): BlockRequest => ({
  key: newKey(),
  application: "shop",
  kind: "prefix",
  label: "+49170123",
  cause: "low_conversion",
  enforced: true,
  lengthsMs: [200, 60_000],
  ...more,
});

/** What every store knows of places, and of the blocks on them. `other`: a second way to the same database. */
export function trafficContract(store: () => TrafficStore, other: () => TrafficStore): void {
  describe("traffic", () => {
    test("is counted by place, and answered in the order of the request", async () => {
      const [a, b] = [newKey(), newKey()];
      await store().countTraffic([{ key: a, what: "sent", line: 7 }]);
      const counted = await other().countTraffic([
        { key: b, what: "verified" },
        { key: a, what: "sent", line: 8 },
      ]);
      expect(counted[0]).toMatchObject({ sent: 0, verified: 1, lines: [], verifiedAt: counted[0]?.at });
      expect(counted[1]).toMatchObject({ delivered: 0, verified: 0, lines: [7, 8] });
      expect(counted[1]?.sent).toBeCloseTo(2, 2);
    });

    test("is counted exactly, whoever counts at the same time", async () => {
      const key = newKey();
      await Promise.all(
        Array.from({ length: 40 }, (_, index) => (index % 2 ? store() : other()).countTraffic([{ key, what: "sent", line: index }])),
      );
      const [counted] = await store().countTraffic([{ key, what: "delivered" }]);
      expect(counted?.sent).toBeCloseTo(40, 1);
      expect(counted?.lines).toHaveLength(24);
    });
  });

  describe("blocks", () => {
    test("run until their time is up, and the next one is longer", async () => {
      const request = blockOf();
      const first = await store().raiseBlock(request);
      expect(first).toMatchObject({ level: 1, hits: 0, enforced: true, label: "+49170123", until: first.since + 200 });
      expect(await other().raiseBlock(request)).toEqual(first);
      const isListed = async () => (await other().listBlocks({ limit: 1000 })).some(({ key }) => key === request.key);
      expect(await isListed()).toBe(true);
      await sleep(220);
      expect(await isListed()).toBe(false);
      const second = await store().raiseBlock(request);
      expect(second).toMatchObject({ level: 2, until: second.since + 60_000 });
      const third = await store().raiseBlock({ ...request, lengthsMs: [1] });
      expect(third).toEqual(second);
    });

    test("are enforced once somebody says so, and never less", async () => {
      const request = blockOf({ enforced: false, lengthsMs: [60_000] });
      expect(await store().raiseBlock(request)).toMatchObject({ enforced: false });
      expect(await store().raiseBlock({ ...request, enforced: true })).toMatchObject({ enforced: true, level: 1 });
      expect(await store().raiseBlock(request)).toMatchObject({ enforced: true });
    });

    test("count what they refuse, and end on demand", async () => {
      const request = blockOf({ lengthsMs: [60_000], label: "$until.$$NOW" });
      await store().raiseBlock(request);
      await Promise.all([store().countHits([{ key: request.key, hits: 2 }]), other().countHits([{ key: request.key, hits: 3 }])]);
      const find = async () => (await store().listBlocks({ limit: 1000 })).find(({ key }) => key === request.key);
      expect(await find()).toMatchObject({ hits: 5, label: "$until.$$NOW" });
      expect([await other().endBlock(request.key), await store().endBlock(request.key), await store().endBlock(newKey())]).toEqual([
        true,
        false,
        false,
      ]);
      expect(await find()).toBeUndefined();
      expect(await store().raiseBlock(request)).toMatchObject({ level: 2, hits: 0 });
    });

    test("are raised once, however many see the same", async () => {
      const request = blockOf({ lengthsMs: [60_000] });
      const raised = await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? store() : other()).raiseBlock(request)));
      expect(new Set(raised.map(({ since, level }) => `${since} ${level}`)).size).toBe(1);
    });
  });
}
