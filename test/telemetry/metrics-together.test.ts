import { expect, test } from "vitest";
import { createInstruments } from "../../src/telemetry/metric-instruments.ts";
import { addTogether } from "../../src/telemetry/metrics-together.ts";

function aProcess() {
  const { registry, counter, gauge, histogram } = createInstruments();
  const calls = counter({ name: "calls_total", help: "c", labels: ["rpc"] });
  const open = gauge({ name: "open", help: "g" });
  const oldest = gauge({ name: "oldest", help: "m", aggregator: "min" });
  const took = histogram({ name: "took", help: "h", buckets: [1, 2] });
  const set = (each: number): void => {
    calls.inc({ rpc: "a" }, each);
    open.set(each);
    oldest.set(each);
    took.observe(each);
  };
  return { registry, set };
}

const samples = (text: string): string[] => text.split("\n").filter((line) => line.startsWith("countersign_"));

test("counters, gauges and histograms of processes are one, each in its way, and one's own are not added to", async () => {
  const [one, two, own] = [aProcess(), aProcess(), createInstruments()];
  own.gauge({ name: "oldest", help: "o" }).set(7);
  one.set(1);
  two.set(2);
  const together = addTogether();
  together.set(1, await one.registry.getMetricsAsJSON());
  together.set(2, await two.registry.getMetricsAsJSON());
  expect(samples(await together.write(own.registry))).toEqual([
    "countersign_oldest 7",
    'countersign_calls_total{rpc="a"} 3',
    "countersign_open 3",
    'countersign_took_bucket{le="1"} 1',
    'countersign_took_bucket{le="2"} 2',
    'countersign_took_bucket{le="+Inf"} 2',
    "countersign_took_sum 3",
    "countersign_took_count 2",
  ]);
});

test("what an ended process has counted stays, and what it had open does not", async () => {
  const [before, after, own] = [aProcess(), aProcess(), createInstruments()];
  const together = addTogether();
  before.set(2);
  for (let life = 0; life < 3; life++) {
    together.set(1, await before.registry.getMetricsAsJSON());
    await together.end(1);
    // Its end is told of once.
    await together.end(1);
  }
  after.set(1);
  together.set(1, await after.registry.getMetricsAsJSON());
  const text = samples(await together.write(own.registry));
  expect(text).toContain('countersign_calls_total{rpc="a"} 7');
  expect(text).toContain("countersign_took_count 4");
  expect(text).toContain("countersign_open 1");
});
