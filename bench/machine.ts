import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";

/** What the numbers were measured on: they mean little elsewhere, the ratios more. */
export function describeMachine(folder: string): string {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const load = (loadavg()[0] ?? 0).toFixed(1);
  return [
    `${availableParallelism()} cores ${cpus()[0]?.model.trim()}, ${memory}, ${process.platform}, Node ${process.version}`,
    `a flush to the disk takes ${flushMs(folder).toFixed(2)} ms, load before ${load}, ${new Date().toISOString().slice(0, 10)}`,
  ].join("; ");
}

/** Median of some flushes: what every commit of the embedded store waits for. Near zero, the folder is no disk. */
function flushMs(folder: string): number {
  const file = openSync(join(folder, "flush"), "w");
  const times = Array.from({ length: 51 }, (_, index) => {
    const start = performance.now();
    writeSync(file, Buffer.alloc(4096, index));
    fdatasyncSync(file);
    return performance.now() - start;
  });
  closeSync(file);
  return times.toSorted((a, b) => a - b)[25] ?? Number.NaN;
}
