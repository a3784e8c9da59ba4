/**
 * The storms of `main.ts`, each a small one: honest callers are answered all the while, the service's memory stays within bounds, and
 * nothing of the attackers is left. Times are compared with those of the quiet before, on the same machine, whose other work both see.
 */
import { expect, it } from "vitest";
import { runStorm } from "./run-storm.ts";
import { storms } from "./storms.ts";

/** Of each storm's full size, as much as a test has time for. */
const sizes: Readonly<Record<string, number>> = { "idle connections": 0.2, "concurrent streams": 0.2 };
const leastMs = 5_000;
const maxMiB = 640;

it.each(storms.map(({ name }) => name))(
  "%s",
  async (name) => {
    const { quiet, storm, files, achieved } = await runStorm({ name, size: sizes[name] ?? 0.2, seconds: 4 });
    const told = JSON.stringify({ quiet, storm, achieved, files });
    expect(storm.calls, told).toBeGreaterThan(10);
    expect(storm.failures, told).toBe(0);
    expect(storm.p99, told).toBeLessThan(Math.max(3 * quiet.p99, leastMs));
    expect(storm.peakMiB, told).toBeLessThan(maxMiB);
    // But for some that are about to be closed: of the thousands that came, none is left for good.
    expect(files.after, told).toBeLessThanOrEqual(files.before + 8);
  },
  90_000,
);
