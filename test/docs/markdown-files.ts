/** The pages of the project: every Markdown file that people read, and what stands in them. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export type Fence = {
  /** The first line within, from 1. */
  readonly line: number;
  /** What stands after the opening marks: `sh`, or `sh no-run WHY`. */
  readonly info: string;
  readonly text: string;
};

export type Page = { readonly path: string; readonly text: string; readonly fences: readonly Fence[] };

export const root = fileURLToPath(new URL("../../", import.meta.url));

/** README.md and its like at the top, and all of docs/, by path. */
export function readPages(): Page[] {
  const top = readdirSync(root).filter((name) => name.endsWith(".md"));
  const docs = readdirSync(`${root}docs`, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"));
  return [...top, ...docs.map((name) => `docs/${name}`)].sort().map((path) => readPage(path, readFileSync(root + path, "utf8")));
}

export const readPage = (path: string, text: string): Page => ({ path, text, fences: [...findFences(text.split("\n"))] });

/** Blocks between three or more backticks; those in a list are indented, and so are their lines. */
function* findFences(lines: readonly string[]): Generator<Fence> {
  for (let at = 0; at < lines.length; at += 1) {
    const [, indent = "", marks = "", info = ""] = /^( *)(`{3,})([^`]*)$/.exec(lines[at] ?? "") ?? [];
    if (!marks) continue;
    const end = lines.findIndex((line, index) => index > at && line.trim() === marks);
    if (end < 0) throw new Error(`the block at line ${at + 1} has no end`);
    const within = lines.slice(at + 1, end).map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    yield { line: at + 2, info: info.trim(), text: within.join("\n") };
    at = end;
  }
}

/** The text without its blocks and without code in a line, in which nothing is a link or a heading. */
export function withoutCode({ text }: Page): string {
  let marks = "";
  const lines = text.split("\n").filter((line) => {
    const [, found = ""] = /^ *(`{3,})/.exec(line) ?? [];
    if (!found) return marks === "";
    if (marks === "") marks = found;
    else if (line.trim() === marks) marks = "";
    return false;
  });
  return lines.join("\n");
}
