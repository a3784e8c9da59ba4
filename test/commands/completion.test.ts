import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { commands } from "../../src/commands/command-table.ts";
import { run } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-completion-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shells = ["bash", "zsh", "fish"] as const;
const fileOf = (shell: string): string => join(folder, `completion.${shell}`);
const names = commands.map(({ name }) => name);

beforeAll(async () => {
  for (const shell of shells) writeFileSync(fileOf(shell), (await run(["completion", shell])).stdout);
  writeFileSync(join(folder, "my file.yaml"), "");
});

/** What Tab would offer behind the words, in the shell itself. */
function offered(shell: "bash" | "fish", words: readonly string[]): string[] {
  const scripts = {
    bash: `source "$1"; shift; COMP_WORDS=(countersign "$@"); COMP_CWORD=$#; _countersign; printf '%s\\n' "\${COMPREPLY[@]}"`,
    fish: `source $argv[1]; complete -C "countersign $argv[2..]"`,
  };
  const args = shell === "bash" ? ["--noprofile", "--norc", "-c", scripts.bash, "bash"] : ["--no-config", "-c", scripts.fish];
  const { status, stdout, stderr } = spawnSync(shell, [...args, fileOf(shell), ...words], { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout.split("\n").flatMap((line) => line.split("\t")[0] || []);
}

const has = (shell: string): boolean => spawnSync(shell, ["--version"]).error === undefined;

const cases = [
  [[""], names],
  [["make-"], ["make-secret", "make-key", "make-proof-key"]],
  [["make-key", "--k"], ["--kind"]],
  [
    ["make-key", "--kind", ""],
    ["service", "browser"],
  ],
  [["make-key", "--kind", "b"], ["browser"]],
  [["make-key", "--application", ""], []],
  [
    ["completion", ""],
    ["bash", "zsh", "fish"],
  ],
  [["help", "check"], ["check-config"]],
  [["check-config", "my"], ["my file.yaml"]],
  [["serve", "--config", "my"], ["my file.yaml"]],
] as const;

test.each(cases)("bash offers, behind %j, what fits", (words, expected) => {
  expect(offered("bash", words).toSorted()).toEqual([...expected].toSorted());
});

test("bash counts arguments without options and their values", () => {
  expect(offered("bash", ["unblock", "shop", ""])).toContain("prefix");
  expect(offered("bash", ["unblock", "--json", "--config", "a.yaml", "shop", ""])).toContain("prefix");
  expect(offered("bash", ["unblock", "--config", "a.yaml", ""])).toEqual([]);
});

test("bash offers every option of every command", () => {
  for (const { name, options } of commands)
    expect(offered("bash", [name, "-"]).toSorted(), name).toEqual(
      [...Object.keys(options), "help"].map((option) => `--${option}`).toSorted(),
    );
});

/** Where the shell is not there, nobody but the names in it is checked. */
test.each(shells)("%s takes the script, and it names every command and option", async (shell) => {
  if (has(shell)) {
    const { status, stderr } = spawnSync(shell, ["-n", fileOf(shell)], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  }
  const { stdout } = await run(["completion", shell]);
  for (const { name, options } of commands) {
    expect(stdout).toContain(name);
    for (const option of Object.keys(options)) expect(stdout).toContain(shell === "fish" ? ` -l ${option} ` : `--${option}`);
  }
  expect(stdout).not.toContain("undefined");
});

test("fish and zsh, where they are, offer the same", () => {
  if (has("fish"))
    for (const [words, expected] of cases.slice(0, 7)) {
      const found = offered("fish", words).filter((each) => !each.startsWith("-") || words.at(-1)?.startsWith("-"));
      expect(found.toSorted(), words.join(" ")).toEqual([...expected].toSorted());
    }
  if (has("zsh")) expect(offeredByZsh(["make-key", "--kind", ""])).toEqual(["service", "browser"]);
});

/** Outside of its line editor zsh completes nothing; the words are those that the script hands over to `_describe`. */
function offeredByZsh(words: readonly string[]): string[] {
  const script = `_describe() { [[ $1 == -o ]] && shift; print -l -- "\${(@P)2}" }; _message() { : }; _files() { print FILE }; compdef() { : }
    source "$1"; shift; words=(countersign "$@"); CURRENT=\${#words}; _countersign`;
  const { status, stdout, stderr } = spawnSync("zsh", ["-f", "-c", script, "zsh", fileOf("zsh"), ...words], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout.split("\n").filter(Boolean);
}
