/** The installable package, made as `npm pack` makes it, from a copy of the tree: what it builds must not come between other tests. */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const root = fileURLToPath(new URL("../../", import.meta.url));
const execute = promisify(execFile);

/** Of the tree, what is neither installed, nor built by packing, nor for tests. */
const left = new Set(["node_modules", "dist", ".git", "test", "examples", ".ci"]);

export type Package = { readonly tarball: string; readonly files: readonly string[]; readonly unpackedSize: number };

/** In a folder that is removed when the package is disposed of. */
export async function pack(): Promise<Package & AsyncDisposable & { readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-package-"));
  const tree = join(folder, "tree");
  cpSync(root, tree, { recursive: true, filter: (path) => !left.has(basename(path)) });
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  const { stdout } = await npm(["pack", "--json", "--pack-destination", folder], tree);
  // In front of it, npm lets the scripts of the package speak.
  const [{ filename, files, unpackedSize }] = JSON.parse(stdout.slice(stdout.search(/^\[/m)));
  return {
    folder,
    tarball: join(folder, filename),
    files: files.map(({ path }: { readonly path: string }) => path),
    unpackedSize,
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const npm = (args: readonly string[], cwd: string) =>
  execute("npm", [...args], { cwd, env: { ...process.env, NO_COLOR: "1" }, maxBuffer: 64 * 2 ** 20 });
