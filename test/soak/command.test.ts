import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it, test } from "vitest";
import { parseOptions } from "../../soak/options.ts";

const main = fileURLToPath(new URL("../../soak/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "countersign-soak-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

function start(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const output = Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { child, ended: output.then(([stdout, stderr, [code]]) => ({ stdout, stderr, code: code as number | null })) };
}

it("says how it is used", async () => {
  expect(await start("--help").ended).toMatchObject({ code: 0, stdout: expect.stringContaining("--minutes N"), stderr: "" });
});

it("ends with a report on the first Ctrl-C, and does not call a handful of samples flat", { timeout: 180_000 }, async () => {
  const [lines, plot] = [join(folder, "soak.jsonl"), join(folder, "soak.svg")];
  const { child, ended } = start("--minutes", "5", "--rate", "20", "--sample-seconds", "0.2", "--lines", lines, "--plot", plot);
  await expect.poll(() => existsSync(lines), { timeout: 120_000 }).toBe(true);
  child.kill("SIGINT");
  const { code, stdout } = await ended;
  expect(stdout).toMatch(/NOT FLAT +heap after collection +\d samples? +≥ 9 after the first quarter: soak for longer/);
  expect(stdout).toMatch(/ok +exit code after SIGTERM +0/);
  expect(stdout).toContain(`plot: ${plot}\nsamples: ${lines}\n`);
  expect({ code, plot: existsSync(plot) }).toEqual({ code: 1, plot: true });
});

test.for<[string, string[], string]>([
  ["no number", ["--minutes", "long"], '--minutes: write a number from 0.1 to 1440, not "long"'],
  ["a rate of nothing", ["--rate", "0"], '--rate: write a number from 1 to 10000, not "0"'],
  ["a store that is not known", ["--store", "postgres"], '--store: write sqlite or mongodb, not "postgres"'],
  ["MongoDB without a place", ["--store", "mongodb"], "--url: write mongodb://HOST:PORT/DATABASE?OPTIONS"],
  ["MongoDB without a database", ["--store", "mongodb", "--url", "mongodb://127.0.0.1:27017/"], "--url: write mongodb://"],
  ["a database that is none of it", ["--url", "postgres://127.0.0.1/x"], "--url: write sqlite:PATH"],
])("%s is refused", ([, args, message]) => {
  expect(() => parseOptions(args)).toThrow(message);
});
