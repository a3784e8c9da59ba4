/**
 * `node test/attack/main.ts [SIZE] [SECONDS]`: every storm at its full size (or a part of it), and what honest callers and the
 * memory of the service went through. Exits with 1 when a p99 is more than three times that of the quiet before.
 */
import { runStorm } from "./run-storm.ts";
import { storms } from "./storms.ts";

const [size = "1", seconds = "20", only] = process.argv.slice(2);
const names = storms.map(({ name }) => name).filter((name) => only === undefined || name === only);

process.stdout.write(
  "| storm | what came | p99 quiet | p99 storm | times | failed calls | memory quiet | peak |\n|---|---|---|---|---|---|---|---|\n",
);
let isTooSlow = false;
for (const name of names) {
  const { quiet, storm, achieved, files } = await runStorm({ name, size: Number(size), seconds: Number(seconds) });
  const times = storm.p99 / quiet.p99;
  isTooSlow ||= times > 3;
  const came = Object.entries(achieved).map(([what, count]) => `${count.toLocaleString("en")} ${what}`);
  const row = [
    name,
    came.join(", "),
    `${quiet.p99.toFixed(1)} ms`,
    `${storm.p99.toFixed(1)} ms`,
    times.toFixed(1),
    `${storm.failures} of ${storm.calls.toLocaleString("en")}`,
    `${quiet.peakMiB} MiB`,
    `${storm.peakMiB} MiB`,
  ];
  process.stdout.write(`| ${row.join(" | ")} |\n`);
  if (files.after > files.before) process.stdout.write(`(${files.after - files.before} files more are open than before)\n`);
}
process.exitCode = isTooSlow ? 1 : 0;
