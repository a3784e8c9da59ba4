import { expect, test } from "vitest";
import { groups } from "../../src/commands/command.ts";
import { commands } from "../../src/commands/command-table.ts";
import { readArguments } from "../../src/commands/read-arguments.ts";
import { run } from "./run.ts";

const names = commands.map(({ name }) => name);
const tooWide = (text: string): string[] => text.split("\n").filter((line) => line.length > 80);

/** As a shell divides them, without what is written to or read from elsewhere. */
const wordsOf = (example: string): string[] =>
  [...(example.split(/ (?:<|>|>>|\|) /)[0] ?? "").matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, plain]) => single ?? double ?? plain ?? "",
  );

test("help lists every command once, by group, in 80 columns", async () => {
  const { code, stdout } = await run(["help"]);
  expect(code).toBe(0);
  expect([...stdout.matchAll(/^ {2}([a-z-]+)(?: {2}|$)/gm)].map(([, name]) => name).toSorted()).toEqual(names.toSorted());
  expect(stdout.split("\n").filter((line) => /^[A-Z].*:$/.test(line))).toEqual(groups.map((group) => `${group}:`));
  expect(tooWide(stdout)).toEqual([]);
  for (const other of [["--help"], ["-h"]]) expect((await run(other)).stdout).toBe(stdout);
});

test.each(commands)("$name explains itself, in 80 columns", async ({ name, operands = [], options, summary }) => {
  const { code, stdout } = await run(["help", name]);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^Usage: countersign ${name}\\b`));
  expect(stdout.replace(/\s+/g, " ")).toContain(summary);
  for (const operand of operands) expect(stdout).toMatch(new RegExp(`^ {2}${operand.name} `, "m"));
  for (const option of Object.keys(options)) expect(stdout).toMatch(new RegExp(`^ {2}--${option}\\b`, "m"));
  expect(stdout).toMatch(/\nExit codes:\n {2}0 /);
  expect(tooWide(stdout)).toEqual([]);
  expect(await run([name, "--help"])).toEqual({ code: 0, stdout, stderr: "" });
});

test.each(commands)("the examples of $name are understood", ({ name, operands = [], options, examples, json }) => {
  expect(examples.length).toBeGreaterThan(0);
  for (const example of examples) {
    const [first, ...args] = wordsOf(example);
    expect(first).toBe(name);
    readArguments({ operands, options }, args);
  }
  expect(json !== undefined, "what --json prints is told").toBe(Object.hasOwn(options, "json"));
});

test("no name is twice in the table", () => {
  expect(new Set(names).size).toBe(names.length);
});
