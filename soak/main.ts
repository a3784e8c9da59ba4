/** Mixed load on the service in production form, for as long as is asked for; at the end, whether it stayed as it was. */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { Presets, SingleBar } from "cli-progress";
import { describeMachine } from "../bench/machine.ts";
import { judge } from "./judge.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { plot } from "./plot.ts";
import { formatReport } from "./report.ts";
import { soak } from "./run.ts";
import type { Sample } from "./sample.ts";

async function main(options: Options): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopping.abort());
  const machine = describeMachine(tmpdir());
  process.stdout.write(`${machine}\n${options.minutes} minutes, ${options.store}, at most ${options.rate} calls/s\n`);
  const progress = showProgress(options.minutes * 60);
  const soaked = await soak(options, { signal: stopping.signal, onSample: progress.show }).finally(progress.end);
  const findings = judge(soaked.samples, soaked.ended, options.allowance);
  writeFileSync(options.plot, plot(soaked.samples, `A soak of ${options.minutes} minutes: ${machine}`));
  process.stdout.write(`\n${formatReport(soaked, findings)}\nplot: ${options.plot}\nsamples: ${options.lines}\n`);
  return findings.every(({ isFlat }) => isFlat) ? 0 : 1;
}

const lineEverySeconds = 60;

/** A bar on a terminal, a line a minute otherwise. */
function showProgress(total: number): { show(sample: Sample): void; end(): void } {
  const { stderr } = process;
  let told = 0;
  const textOf = ({ seconds, rssMib, files = 0, latencies }: Sample): string =>
    `${Math.round(seconds)} of ${Math.round(total)} s: ${rssMib.toFixed(0)} MiB, ${files} files, VerifyCode p50 ${latencies.VerifyCode?.p50.toFixed(1)} ms`;
  if (!stderr.isTTY)
    return {
      show(sample) {
        if (sample.seconds - told < lineEverySeconds) return;
        told = sample.seconds;
        stderr.write(`${textOf(sample)}\n`);
      },
      end: () => undefined,
    };
  const bar = new SingleBar({ hideCursor: false, format: "{bar} {percentage}% | {text} | {eta_formatted} left" }, Presets.legacy);
  bar.start(Math.round(total), 0, { text: "" });
  return { show: (sample) => bar.update(Math.min(total, Math.round(sample.seconds)), { text: textOf(sample) }), end: () => bar.stop() };
}

if (process.argv.includes("--help")) process.stdout.write(usage);
else {
  try {
    process.exitCode = await main(parseOptions(process.argv.slice(2)));
  } catch (error) {
    process.stderr.write(`soak: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
