import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPages, root } from "./markdown-files.ts";

type Shown = { readonly file: string; readonly title: string };

/** Of a row's last cell: `[`FILE`](../FILE): "TITLE", "TITLE"; [`FILE`] …`. */
const shownIn = (cell: string): Shown[] =>
  cell.split("; [").flatMap((part) => {
    const file = /`([^`]+\.ts)`/.exec(part)?.[1] ?? "";
    return [...part.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => ({ file, title }));
  });

const rowsOf = (text: string): string[][] =>
  [...text.matchAll(/^\|(?! *-)(.+)\|$/gm)].map(([, row = ""]) => row.split("|").map((cell) => cell.trim()));

const page = readPages().find(({ path }) => path === "docs/security.md")?.text ?? "";
const standards = page.slice(page.indexOf("## The standards"), page.indexOf("## The parts")).split(/^### /m).slice(1);

test.each(standards.map((section) => [section.split("\n", 1)[0] ?? "", section] as const))(
  "each row of %s names a test that exists",
  (_name, section) => {
    const rows = rowsOf(section).filter(([first]) => !/^(Clause|Requirement|Section|Article)$/.test(first ?? ""));
    expect(rows.length).toBeGreaterThan(4);
    const faults = rows.flatMap((row) => {
      const shown = shownIn(row.at(-1) ?? "");
      return shown.length === 0 ? [`${row[0]} names no test`] : shown.flatMap((each) => faultOf(each) ?? []);
    });
    expect(faults).toEqual([]);
  },
);

function faultOf({ file, title }: Shown): string | undefined {
  const path = join(root, file);
  if (!file.startsWith("test/") || !existsSync(path)) return `${file} does not exist`;
  return readFileSync(path, "utf8").includes(`"${title}"`) ? undefined : `${file} has no "${title}"`;
}

test("a test that was renamed, and a row without one, are noticed", () => {
  expect(faultOf({ file: "test/docs/standards.test.ts", title: ["no", "such", "test"].join(" ") })).toMatch(/has no/);
  expect(faultOf({ file: "test/docs/gone.test.ts", title: "x" })).toMatch(/does not exist/);
  expect(shownIn("by words only")).toEqual([]);
});
