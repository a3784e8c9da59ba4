/**
 * Makes dist/, the JavaScript of the installable package: node pack/build.ts, which `npm pack` does first. Node.js strips types everywhere
 * but under node_modules. The tree is that of the repository, with every line where it was, so a stack trace fits the sources.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const programs = ["src", "simulate", "bench"];
/** Files that the programs read, at the same places beside them. */
const assets = ["web/dist"];

export function build(from: string, to: string): void {
  const missing = ["src/gen/countersign/v1/code_service_pb.js", "web/dist/playground.html"].find((file) => !existsSync(join(from, file)));
  if (missing !== undefined) throw new Error(`${missing} is not there: npm run prepare makes it`);
  rmSync(to, { recursive: true, force: true });
  for (const program of programs) for (const file of filesUnder(join(from, program))) write(join(to, relative(from, file)), file);
  for (const asset of assets) cpSync(join(from, asset), join(to, asset), { recursive: true });
  const { name, version, type } = JSON.parse(readFileSync(join(from, "package.json"), "utf8")) as Record<string, string>;
  writeFileSync(join(to, "package.json"), `${JSON.stringify({ name, version, type })}\n`);
}

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

function write(target: string, source: string): void {
  mkdirSync(dirname(target), { recursive: true });
  if (source.endsWith(".d.ts")) return;
  if (source.endsWith(".ts")) writeFileSync(target.replace(/\.ts$/, ".js"), toJavaScript(readFileSync(source, "utf8")));
  else if (source.endsWith(".js")) cpSync(source, target);
}

/** Of imports, of workers and of programs that are started: a path of ours is written as one and ends in `.ts`. */
const ownPath = /(["'])(\.{1,2}\/[^"'\n]+)\.ts\1/g;

export const toJavaScript = (source: string): string => stripTypeScriptTypes(source).replace(ownPath, "$1$2.js$1");

if (import.meta.main) build(root, join(root, "dist"));
