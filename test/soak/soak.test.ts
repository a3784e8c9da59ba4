import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Finding, judge } from "../../soak/judge.ts";
import { type Options, parseOptions } from "../../soak/options.ts";
import { plot } from "../../soak/plot.ts";
import { formatReport } from "../../soak/report.ts";
import { type Soaked, soak } from "../../soak/run.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-soak-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Of which the first quarter is not judged. A machine that is busy takes longer for them, up to the minutes. */
const samplesWanted = 20;
const usual = ["--minutes", "3", "--rate", "60", "--sample-seconds", "0.3", "--reload-seconds", "3", "--burst-seconds", "4"];
// Code is compiled and caches fill for longer than this goes on.
const allowance = ["--heap-mib", "16", "--rss-mib", "400"];

async function soakShortly(name: string, ...more: string[]) {
  const files = ["--lines", join(folder, `${name}.jsonl`), "--plot", join(folder, `${name}.svg`)];
  const options = parseOptions([...usual, ...allowance, ...files, ...more]);
  const { signal } = new AbortController();
  const isEnough = ({ length }: { readonly length: number }) => length >= samplesWanted;
  const soaked = await soak(options, { signal, onSample: () => undefined, isEnough });
  return { options, soaked, findings: judge(soaked.samples, soaked.ended, options.allowance) };
}

const find = (findings: readonly Finding[], what: string): Finding | undefined => findings.find((each) => each.what === what);

/** What shows a leak, and hangs on no speed. */
const leaks = ["heap after collection", "open files and sockets", "timers, sockets and requests at rest", "open files and sockets at rest"];

describe("some seconds of it", () => {
  let options: Options;
  let soaked: Soaked;
  let findings: readonly Finding[];
  beforeAll(async () => {
    ({ options, soaked, findings } = await soakShortly("honest"));
  }, 300_000);

  it("find the service as it should be", () => {
    const others = ["counted as under way at rest", "answers that nobody expected", "faults in the log", "exit code after SIGTERM"];
    const found = [...leaks, ...others].map((what) => find(findings, what));
    expect(found.filter((each) => !each?.isFlat)).toEqual([]);
  });

  it("play most parts of the load, with reloads and receipts", () => {
    expect(Object.values(soaked.ended.acts).filter((count) => count > 0).length).toBeGreaterThan(20);
    expect(soaked.ended.acts.reload).toBeGreaterThan(0);
    expect(soaked.samples.at(-1)?.receipts).toBeGreaterThan(50);
    for (const outcome of ["SendCode OK", "VerifyCode OK", "VerifyCode CODE_MISMATCH", "VerifyCode CODE_ALREADY_USED"])
      expect(soaked.outcomes.get(outcome), outcome).toBeGreaterThan(0);
  });

  it("see memory, files, threads and answers of the process", () => {
    for (const { rssMib, heapMib, files, threads, databaseMib } of soaked.samples.slice(1)) {
      expect(Math.min(rssMib, heapMib ?? 0, threads ?? 0, databaseMib)).toBeGreaterThan(0);
      expect(files).toBeGreaterThan(10);
    }
    // A thread in the middle of a commit may be late to tell; a machine that stands still leaves a sample without a call.
    expect(soaked.samples.some(({ threadsHeapMib = 0 }) => threadsHeapMib > 0)).toBe(true);
    expect(soaked.samples.some(({ cpuMicrosPerCall }) => cpuMicrosPerCall > 0)).toBe(true);
  });

  it("are written down as JSON lines, a table and a plot", () => {
    const lines = readFileSync(options.lines, "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual(JSON.parse(JSON.stringify(soaked.samples)));
    const report = formatReport(soaked, findings);
    for (const { what, bound } of findings) {
      expect(report).toContain(what);
      expect(report).toContain(bound);
    }
    const svg = plot(soaked.samples, "a <short> soak");
    expect(svg).toContain("<title>a &lt;short> soak</title>");
    expect(svg.match(/<polyline/g)).toHaveLength(13);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });
});

it("some seconds of a service that leaks find it out", { timeout: 300_000 }, async () => {
  const preload = fileURLToPath(new URL("leaky.ts", import.meta.url));
  const { findings, soaked } = await soakShortly("leaky", "--preload", preload, "--settle-seconds", "3");
  for (const what of leaks) expect(find(findings, what), what).toMatchObject({ isFlat: false });
  expect(formatReport(soaked, findings)).toMatch(/NOT FLAT +heap after collection[\s\S]+The service was NOT flat\.$/);
});
