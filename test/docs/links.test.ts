import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { anchorOf } from "../../docs/reference/markdown.ts";
import { type Page, readPage, readPages, root, withoutCode } from "./markdown-files.ts";

const pages = readPages();

/** Headings as anchors; a second one of the same name is told by a number. */
function anchorsOf(page: Page): Set<string> {
  const seen = new Map<string, number>();
  const anchors = [...withoutCode(page).matchAll(/^#{1,6} +(.+?) *#*$/gm)].map(([, heading = ""]) => {
    const anchor = anchorOf(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1"));
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
  return new Set(anchors);
}

/** Links to places of this project that are not there. */
function brokenLinks(page: Page, all: readonly Page[]): string[] {
  const text = withoutCode(page).replace(/`[^`\n]*`/g, (code) => (code.includes("](") ? "" : code));
  const targets = [...text.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = ""]) => target);
  return targets
    .filter((target) => !/^(https?|mailto):/.test(target) && !leads(target, page, all))
    .map((target) => `${page.path} → ${target}`);
}

function leads(target: string, page: Page, all: readonly Page[]): boolean {
  const [path = "", anchor] = decodeURI(target).split("#");
  const to = path === "" ? page.path : join(dirname(page.path), path);
  if (to.startsWith("..") || (!existsSync(root + to) && path !== "")) return false;
  if (anchor === undefined) return true;
  const found = to === page.path ? page : all.find((each) => each.path === to);
  if (found) return anchorsOf(found).has(anchor);
  return statSync(root + to).isFile() && /^L\d+$/.test(anchor);
}

test("every link within the project leads to a file, and to a heading where it names one", () => {
  expect(pages.length).toBeGreaterThan(15);
  expect(pages.flatMap((page) => brokenLinks(page, pages))).toEqual([]);
});

test("the index of docs/ leads to every page", () => {
  const index = pages.find(({ path }) => path === "docs/README.md")?.text ?? "";
  const others = pages.filter(({ path }) => path.startsWith("docs/") && path !== "docs/README.md");
  expect(others.filter(({ path }) => !index.includes(`](${path.slice("docs/".length)})`)).map(({ path }) => path)).toEqual([]);
});

test.each([
  ["a file that is not there", "[a](docs/nowhere.md)", ["x.md → docs/nowhere.md"]],
  ["a heading that is not there", "# One\n\n[a](#two)", ["x.md → #two"]],
  ["a heading of another page that is not there", "[a](README.md#nowhere)", ["x.md → README.md#nowhere"]],
  ["a place outside of the project", "[a](../other/README.md)", ["x.md → ../other/README.md"]],
  ["what is there", "# `One`, two\n\n[a](#one-two) [b](README.md#limits) [c](src) [d](https://example.com/x)", []],
  ["what is code", "`[a](nowhere.md)`\n\n```md\n[b](nowhere.md)\n```", []],
])("%s", (_name, text, broken) => {
  expect(brokenLinks(readPage("x.md", text), pages)).toEqual(broken);
});
