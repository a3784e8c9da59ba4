import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readDocument } from "../../src/config/file.ts";
import { loadConfig } from "../../src/config/load.ts";
import { loadGood, production, temporaryFolder, writeConfig } from "./production.ts";

const problemOf = (content: string | Buffer): string => {
  const file = join(temporaryFolder(), "c.yaml");
  writeFileSync(file, content);
  const read = readDocument(file);
  return read.ok ? "good" : read.problems.map(({ setting, message }) => `${setting.replace(file, "c.yaml")} ${message}`).join("\n");
};

test("a file that is not there, a folder, a file over 1 MiB", () => {
  const folder = temporaryFolder();
  expect(loadConfig({ env: { COUNTERSIGN_CONFIG: `${folder}/none.yaml` } })).toEqual({
    ok: false,
    files: [`${folder}/none.yaml`],
    problems: [{ setting: `${folder}/none.yaml`, message: "does not exist: write the path of a file" }],
  });
  mkdirSync(`${folder}/sub`);
  expect(readDocument(`${folder}/sub`)).toMatchObject({ problems: [{ message: "is a folder: write the path of a file" }] });
  expect(problemOf(`#${"x".repeat(2 ** 20)}`)).toMatch(/^c.yaml is larger than 1024 KiB/);
});

test("a file that cannot be read for any other reason", () => {
  const file = writeConfig("a: 1");
  expect(readDocument(`${file}/below`)).toMatchObject({ problems: [{ message: "cannot be read (ENOTDIR)" }] });
});

test.for<[string, string | Buffer, RegExp]>([
  ["nothing", "", /^c\.yaml is empty/],
  ["comments only", "# hello\n", /^c\.yaml is empty/],
  ["broken YAML, with line and column", "a: 1\nb: [1, 2\nc: 3\n", /^c\.yaml:3:1 is not YAML/],
  [
    "a setting that stands twice",
    "log:\n  level: info\nlog:\n  level: warn\n",
    /^c\.yaml:3:1 is not YAML that is understood: Map keys must be unique/,
  ],
  ["two documents", "a: 1\n---\nb: 2\n", /^c\.yaml:2:1 is not YAML/],
  ["a tag", "a: !!js/function x\n", /^c\.yaml:1:4 is not YAML/],
  ["an alias without anchor", "a: *s3cret\n", /^c\.yaml/],
  ["bytes that are not UTF-8", Buffer.from([0x61, 0x3a, 0x20, 0xff]), /^c\.yaml is not UTF-8 text/],
])("%s", ([, content, problem]) => {
  expect(problemOf(content)).toMatch(problem);
  expect(problemOf(content)).not.toContain("s3cret");
});

test("a bomb of aliases is refused in no time", () => {
  const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(", ")}]`);
  const started = performance.now();
  expect(problemOf(`l0: &l0 [x]\n${levels.join("\n")}\n`)).toBe("c.yaml has aliases that repeat too much or name no anchor: write it out");
  expect(performance.now() - started).toBeLessThan(5_000);
});

test("anchors may share settings; a variable changes one place and not the other", () => {
  const { applications, ...rest } = production();
  const [first] = applications;
  const document = JSON.stringify({ ...rest, applications: "HERE" }).replace(
    '"HERE"',
    `[${JSON.stringify({ ...first, code: "C" }).replace('"C"', '&code {"length": 8}')}, ${JSON.stringify({ ...first, id: "two", keys: [{ id: "k", hash: "ab".repeat(32) }], code: "C" }).replace('"C"', "*code ")}]`,
  );
  const config = loadGood(document, { COUNTERSIGN__applications__1__code__length: "9" });
  expect(config.applications.map(({ code }) => code.length)).toEqual([8, 9]);
});
