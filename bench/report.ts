import type { Sample } from "./measure.ts";

/** Of every round, its samples by scenario. */
export type Rounds = readonly ReadonlyMap<string, Sample>[];

export type Spread = { readonly median: number; readonly min: number; readonly max: number };

export type Row = {
  readonly scenario: string;
  readonly perSecond: Spread;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicros: Spread;
  /** Against the bare findOneAndUpdate of the same round, for one call on the same database. */
  readonly ofBare?: { readonly throughput: Spread; readonly cpu: Spread };
};

const bare = "bare findOneAndUpdate";

export function summarize(rounds: Rounds): readonly Row[] {
  return [...(rounds[0]?.keys() ?? [])].map((scenario) => {
    const samples = rounds.map((round) => round.get(scenario) as Sample);
    const latencies = Float64Array.from(samples.flatMap((sample) => sample.latencies)).sort();
    const quantile = (share: number): number => latencies[Math.floor(share * (latencies.length - 1))] ?? Number.NaN;
    return {
      scenario,
      perSecond: spreadOf(samples.map(perSecond)),
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      cpuMicros: spreadOf(samples.map(cpuPerCall)),
      ...(scenario.startsWith("mongodb") && !scenario.includes("pair") && { ofBare: compare(rounds, scenario) }),
    };
  });
}

/** Ratios are taken within a round, where both had the same machine. */
function compare(rounds: Rounds, scenario: string): NonNullable<Row["ofBare"]> {
  const ratios = (measure: (sample: Sample) => number): Spread =>
    spreadOf(rounds.map((round) => measure(round.get(scenario) as Sample) / measure(round.get(bare) as Sample)));
  return { throughput: ratios(perSecond), cpu: ratios(cpuPerCall) };
}

const perSecond = ({ calls, seconds }: Sample): number => calls / seconds;
const cpuPerCall = ({ calls, cpuMicros }: Sample): number => cpuMicros / calls;

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return { median: (at((sorted.length - 1) >> 1) + at(sorted.length >> 1)) / 2, min: at(0), max: at(sorted.length - 1) };
}

export function formatTable(rows: readonly Row[]): string {
  const header = ["scenario", "requests/s", "p50 ms", "p99 ms", "server CPU µs/call", "throughput ÷ bare", "CPU ÷ bare"];
  const cells = rows.map((row) => [
    row.scenario,
    row.perSecond.median.toFixed(0),
    row.p50Ms.toFixed(2),
    row.p99Ms.toFixed(2),
    withSpread(row.cpuMicros, 0),
    row.ofBare ? withSpread(row.ofBare.throughput, 2) : "",
    row.ofBare ? withSpread(row.ofBare.cpu, 2) : "",
  ]);
  const widths = header.map((title, column) => Math.max(title.length, ...cells.map((line) => line[column]?.length ?? 0)));
  const format = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [format(header), rule, ...cells.map(format)].join("\n");
}

const withSpread = ({ median, min, max }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
