/**
 * Runs every test. Files in which some failed run once more, by themselves: one test among thousands that lacked time or luck beside
 * others should not keep a change out. What fails twice has failed; what passes the second time is told by name, with why it failed,
 * and wants mending.
 * Usage: run-tests.ts FOLDER, where the reports go. Ends with "N passed, N failed, N skipped".
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";

type Report = { readonly testResults: readonly FileReport[] };
type FileReport = {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly Outcome[];
};
type Outcome = { readonly fullName: string; readonly status: string; readonly failureMessages?: readonly string[] };
type Failure = { readonly file: string; readonly test: string; readonly why: string };

/** More than these are no accident. */
const fewFiles = 5;
const folder = process.argv[2] ?? ".";

const { files: first, status } = runTests("tests.json", []);
const failures = first.flatMap(failuresOf);
if (status !== 0 && failures.length === 0) process.stdout.write("an error outside of every test; vitest tells of it above\n");
const files = [...new Set(failures.map(({ file }) => file))];
const isFew = files.length > 0 && files.length <= fewFiles;
const again = isFew ? runTests("again.json", ["--maxWorkers=1", ...files]) : undefined;
const final = again ? [...first.filter(({ name }) => !files.includes(relative(".", name))), ...again.files] : first;
const lasting = final.flatMap(failuresOf);

tell("failed", lasting);
if (again) {
  const isLasting = ({ file, test }: Failure) => lasting.some((other) => other.file === file && other.test === test);
  tell(
    "failed at first, and passed by itself",
    failures.filter((failure) => !isLasting(failure)),
  );
}
const outcomes = final.flatMap(({ assertionResults }) => assertionResults);
const passed = outcomes.filter(({ status }) => status === "passed").length;
process.stdout.write(`${passed} passed, ${lasting.length} failed, ${outcomes.length - passed - lasting.length} skipped\n`);
process.exitCode = (again ?? { status }).status === 0 ? 0 : 1;

function runTests(report: string, operands: readonly string[]): { readonly files: readonly FileReport[]; readonly status: number | null } {
  const path = join(folder, report);
  rmSync(path, { force: true });
  const options = ["--reporter=dot", "--reporter=json", `--outputFile.json=${path}`];
  const { status } = spawnSync("npm", ["test", "--", ...options, ...operands], { stdio: "inherit" });
  return { files: (JSON.parse(readFileSync(path, "utf8")) as Report).testResults, status };
}

/** What vitest says of the file itself counts where none of its tests has failed. */
function failuresOf({ name, status, message, assertionResults }: FileReport): Failure[] {
  const file = relative(".", name);
  const failed = assertionResults.filter((outcome) => outcome.status === "failed");
  if (failed.length === 0 && status === "failed") return [{ file, test: "(the file itself)", why: message }];
  return failed.map(({ fullName, failureMessages = [] }) => ({ file, test: fullName, why: failureMessages.join("\n") }));
}

function tell(what: string, told: readonly Failure[]): void {
  for (const { file, test, why } of told) {
    const reason = why.split("\n").slice(0, 8);
    process.stdout.write(`${what}: ${file} > ${test}\n${reason.map((line) => `    ${line}\n`).join("")}`);
  }
}
