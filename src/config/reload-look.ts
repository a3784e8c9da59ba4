import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

/** A larger file is told apart by its size and time alone; loading it will be refused. */
const maxBytes = 2 ** 20;
const maxNames = 10_000;

export type Look = {
  /** The same for the same contents. */
  readonly print: string;
  /** What is neither a file nor a folder, such as a pipe, can be read once only. */
  readonly readOnce: readonly string[];
};

/**
 * By content and path, since that is what all ways of replacing a file have in common: Kubernetes swaps the symbolic link of a whole folder,
 * editors rename, and of a network file system no notice comes.
 */
export async function lookAt(paths: readonly string[]): Promise<Look> {
  const seen = await Promise.all(paths.map(async (path) => [path, await describe(path)] as const));
  const hash = createHash("sha256").update(JSON.stringify(seen));
  return { print: hash.digest("base64url"), readOnce: seen.flatMap(([path, what]) => (what === readOnce ? [path] : [])) };
}

const readOnce = "read once";

async function describe(path: string): Promise<unknown> {
  try {
    const status = await stat(path);
    if (status.isDirectory()) return await describeFolder(path);
    if (!status.isFile()) return readOnce;
    if (status.size > maxBytes) return [status.size, status.mtimeMs];
    return createHash("sha256")
      .update(await readFile(path))
      .digest("base64url");
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : "unknown";
  }
}

/** One level: whatever reads a folder here reads its files. */
async function describeFolder(path: string): Promise<unknown> {
  const entries = await readdir(path, { withFileTypes: true });
  const names = entries.flatMap((entry) => (entry.isDirectory() || !/\.ya?ml$/.test(entry.name) ? [] : [entry.name]));
  const described: unknown[] = [];
  for (const name of names.sort().slice(0, maxNames)) described.push([name, await describe(join(path, name))]);
  return described;
}
