/** Bundles the element and the playground into `web/dist`. `node web/build.ts` */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin, transform } from "esbuild";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const dist = at("dist");

/** What understands `light-dark()`, `:has()`, `Promise.withResolvers` and adopted style sheets. */
const target = ["es2022", "chrome123", "firefox121", "safari17.5"];

/** Leaves files that are right as they are, and replaces the others at once: whoever serves them meanwhile never serves half a file. */
export async function buildWeb(): Promise<void> {
  await mkdir(dist, { recursive: true });
  const files = new Map((await bundle()).map(({ path, contents }) => [basename(path), contents]));
  await Promise.all([...files].map(([name, contents]) => writeIfChanged(join(dist, name), contents)));
  const old = (await readdir(dist)).filter((name) => !files.has(name) && !name.endsWith(".part"));
  await Promise.all(old.map((name) => rm(join(dist, name), { force: true })));
}

async function bundle() {
  const results = await Promise.all([
    build({
      ...common,
      entryPoints: { "countersign-code": at("element/countersign-code.ts") },
      // Numbering plans come in a file of their own, when they are needed.
      splitting: true,
      chunkNames: "countersign-[name]",
      plugins: [cssAsText],
    }),
    build({ ...common, entryPoints: { playground: at("playground/playground.ts") } }),
    build({ ...common, entryPoints: { playground: at("playground/playground.css") } }),
    build({ ...common, entryPoints: [at("playground/playground.html")], loader: { ".html": "copy" } }),
  ]);
  return results.flatMap(({ outputFiles }) => outputFiles);
}

/** A style sheet that a script imports becomes minified text. */
const cssAsText: Plugin = {
  name: "css-as-text",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true, target });
      return { contents: `export const css = ${JSON.stringify(code.trim())};`, loader: "js" };
    });
  },
};

const common = {
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target,
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  outdir: dist,
  write: false,
} satisfies BuildOptions;

async function writeIfChanged(path: string, contents: Uint8Array): Promise<void> {
  const before = await readFile(path).catch(() => undefined);
  if (before && Buffer.compare(before, contents) === 0) return;
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, contents);
  await rename(part, path);
}

if (import.meta.main) await buildWeb();
