import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { expect, test } from "vitest";

const folder = new URL("../../examples/", import.meta.url);
const languages = [".ts", ".go", ".py", ".java", ".php"];
const ownFolders = ["node", "browser", "go", "python", "java", "php", "guard"];

/** What somebody has to read and write: not the imports, blank lines, comments and lines that only close something. */
function countLines(source: string): number {
  const code = source
    .replace(/"""[\s\S]*?"""/g, "")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^import \([\s\S]*?^\)/m, "")
    .split("\n")
    .map((line) => line.trim());
  return code.filter((line) => line !== "" && !/^(\/\/|#|import |from |package |[)\]}>;,]+$)/.test(line)).length;
}

const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => ownFolders.includes(file.split("/")[0] ?? "") && languages.includes(extname(file)))
  .filter((file) => !/(^|\/)(gen|target|venv|node_modules)\//.test(file));

test.each(sources)("examples/%s has at most 60 lines of code", (file) => {
  const lines = countLines(readFileSync(new URL(file, folder), "utf8"));
  expect(lines).toBeGreaterThan(5);
  expect(lines).toBeLessThanOrEqual(60);
});
