import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../", import.meta.url));
const cache = join(root, ".cache/examples");

/** What .gitignore of examples/ and verify/ name: made there by whoever tries them by hand. */
const made = ["gen", "target", "venv", "node_modules", "lib", "classes", "dist"];

/**
 * A copy of an example with all that it reads beside it, laid out as in the repository, so that its own commands run in it and leave
 * nothing in the repository. Built once for the same content.
 */
export async function stage(name: string, parts: readonly string[], build: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, `${name.replaceAll("/", "-")}-${digest(parts)}`);
  const example = join(folder, "examples", name);
  const ready = join(folder, "ready");
  if (existsSync(ready)) return example;
  forget(basename(folder));
  for (const part of parts) {
    cpSync(join(root, part), join(folder, part), { recursive: true, filter: (file) => !made.includes(basename(file)) });
  }
  await build(example);
  writeFileSync(ready, "");
  return example;
}

/** A folder of packages, which outlives changes of what uses them. */
export async function install(name: string, manifest: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache, `${name}-${digest([manifest])}`);
  const ready = join(folder, "ready");
  if (existsSync(ready)) return folder;
  forget(basename(folder));
  mkdirSync(folder, { recursive: true });
  await fill(folder);
  writeFileSync(ready, "");
  return folder;
}

/** The repository's own packages, in place of `npm install`. */
export function linkPackages(folder: string, names: readonly string[]): void {
  for (const name of names) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
}

/** What half a build, or one of older sources, has left. */
function forget(folder: string): void {
  const name = folder.slice(0, folder.lastIndexOf("-") + 1);
  for (const old of existsSync(cache) ? readdirSync(cache) : []) {
    if (old.startsWith(name) && old.length === folder.length) rmSync(join(cache, old), { recursive: true, force: true });
  }
}

function digest(parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of parts.flatMap((part) => filesOf(join(root, part)))) hash.update(file.slice(root.length)).update(readFileSync(file));
  return hash.digest("hex").slice(0, 12);
}

function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => !made.includes(name))
    .sort()
    .flatMap((name) => filesOf(join(path, name)));
}
