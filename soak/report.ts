import type { Finding } from "./judge.ts";
import type { Soaked } from "./run.ts";
import { median } from "./trend.ts";

/** What was found, and what came of the calls, in two tables. */
export function formatReport({ samples, outcomes, ended }: Soaked, findings: readonly Finding[]): string {
  const verdicts = findings.map(({ what, isFlat, measured, bound }) => [isFlat ? "ok" : "NOT FLAT", what, measured, bound]);
  const counts = [...outcomes].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => [String(count), name]);
  const calls = samples.reduce((sum, sample) => sum + sample.calls, 0);
  const seconds = samples.at(-1)?.seconds ?? 0;
  const totals = [
    `${calls} calls and ${samples.at(-1)?.receipts ?? 0} receipts in ${Math.round(seconds)} s`,
    `${(calls / Math.max(1, seconds)).toFixed(0)} calls/s`,
    `${ended.acts.reload ?? 0} reloads`,
    `database ${median(samples.slice(-3).map(({ databaseMib }) => databaseMib)).toFixed(1)} MiB`,
  ];
  const flat = findings.every(({ isFlat }) => isFlat) ? "flat" : "NOT flat";
  const surprises = ended.unexpected.map((what) => `unexpected: ${what}`);
  const parts = [totals.join(", "), table(counts), surprises.join("\n"), table(verdicts), `The service was ${flat}.`];
  return parts.filter(Boolean).join("\n\n");
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
