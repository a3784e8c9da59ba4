import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isMap, isSeq, type Node, parseDocument } from "yaml";
import { loadContract } from "../../docs/reference/contract.ts";
import { generateReference } from "../../docs/reference/generate.ts";
import { remedies } from "../../docs/reference/remedies.ts";
import { notesOf, readSample, valuesOf } from "../../docs/reference/sample-notes.ts";
import { root } from "./markdown-files.ts";

const pages = generateReference();

test.each(Object.entries(pages))("%s is current (else: node docs/reference/generate.ts)", (path, text) => {
  expect(readFileSync(root + path, "utf8")).toBe(text);
});

test("every call, message, field and value of the contract is in the reference", () => {
  const api = pages["docs/reference/api.md"] ?? "";
  const files = [...loadContract()].filter(([name]) => name !== "error_reason").map(([, file]) => file);
  const headings = files.flatMap(({ services, messages, enums }) => [
    ...services.flatMap(({ name, methods }) => [`## ${name}`, ...methods.map((method) => `### ${name}.${method.name}`)]),
    ...[...messages, ...enums].map(({ name }) => `### ${name}`),
  ]);
  expect(headings.length).toBeGreaterThan(60);
  expect(headings.filter((heading) => !api.includes(`\n${heading}\n`))).toEqual([]);
  const names = files.flatMap(({ messages, enums }) => [
    ...messages.flatMap(({ fields }) => fields.map(({ name, jsonName }) => `| \`${name}\` | \`${jsonName}\` |`)),
    ...enums.flatMap(({ values }) => values.map(({ name, number }) => `| \`${name}\` | ${number} |`)),
  ]);
  expect(names.filter((name) => !api.includes(name))).toEqual([]);
});

test("every reason has its section, with a status of both kinds, a cause and a remedy, and no other is there", () => {
  const errors = pages["docs/reference/errors.md"] ?? "";
  const sections = [
    ...errors.matchAll(
      /^## (\w+)\n\n`[A-Z_]+` \(\d+\) · HTTP [45]\d\d\n\n\*\*Cause\.\*\* \S.+\n\n\*\*Remedy\.\*\* \S.+\n\n\*\*Try again:\*\* \S/gm,
    ),
  ];
  expect(sections.map(([, name]) => name).sort()).toEqual(Object.keys(remedies).sort());
  expect([...errors.matchAll(/^## /gm)]).toHaveLength(sections.length);
});

/** Paths of the settings that the sample writes, with lists as `[]` and names of one's own as `NAME`. */
function* pathsIn(node: Node | null, path: string): Generator<string> {
  if (isSeq(node)) for (const item of node.items) yield* pathsIn(item as Node, `${path}[]`);
  else if (!isMap(node)) yield path;
  else
    for (const { key, value } of node.items) {
      const isFree = freeNames.test(path);
      yield* pathsIn(value as Node, isFree ? `${path}.NAME` : path === "" ? String(key) : `${path}.${key}`);
    }
}

const freeNames = /^(providers|captchas|lookups|prices\.\w+|providers\.NAME\.(headers|query|secrets)|.*\.variables)$/;
/** Instead of the value of a secret; and what an operator's own gateway is told, in a form of its own. */
const notSettings = /\.(env|file)$|^providers\.NAME\.json\./;

test("every setting of the sample is in the reference, with its form", () => {
  const settings = pages["docs/reference/settings.md"] ?? "";
  const sample = parseDocument(readFileSync(`${root}countersign.sample.yaml`, "utf8")).contents;
  const paths = [...new Set(pathsIn(sample, ""))].filter((path) => !notSettings.test(path)).map((path) => path.replace(/\[\]$/, ""));
  expect(paths.length).toBeGreaterThan(150);
  expect(paths.filter((path) => !settings.includes(`| \`${path}\` | `))).toEqual([]);
  expect(settings).toContain("| `applications[].code.length` | whole number | `6` | 4 to 10 | Characters, 4 to 10.");
});

test("what the sample says goes to the setting it stands above, one behind a # included", () => {
  const sample = [
    "# Of a,",
    "# and more.",
    "a: 1",
    "# Of b and c:",
    "#   an example",
    "# b: |",
    "#   text",
    "# c: 2",
    "d: 3",
    "# Of e: not a setting by itself.",
    "e: 4",
    "# Of f.",
    "# f: 5",
  ].map((line) => `  ${line}`);
  const group = valuesOf(readSample(["group:", ...sample, "", "# Of what follows.", "after: 6"].join("\n")), "group");
  expect(Object.fromEntries(notesOf(group, [..."abcdef"]))).toEqual({
    a: "Of a, and more.",
    b: "Of b and c:\n`an example`",
    c: "Of b and c:\n`an example`",
    e: "Of e: not a setting by itself.",
    f: "Of f.",
  });
});
