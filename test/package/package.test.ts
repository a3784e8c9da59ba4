/** The package, unpacked where an install would put it, with the packages beside it that an install would bring. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pack, root } from "./pack.ts";
import { tryService } from "./try-service.ts";

let packed: Awaited<ReturnType<typeof pack>>;
let modules: string;
let bin: string;

beforeAll(async () => {
  packed = await pack();
  modules = join(packed.folder, "node_modules");
  const own = join(modules, "countersign");
  mkdirSync(own, { recursive: true });
  execFileSync("tar", ["xzf", packed.tarball, "--strip-components=1", "-C", own]);
  for (const name of productionPackages()) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  bin = join(own, manifestOf(own).bin.countersign);
}, 180_000);
afterAll(() => packed[Symbol.asyncDispose]());

const manifestOf = (folder: string) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

function productionPackages(): readonly string[] {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: Record<string, { dev?: boolean }> };
  return Object.entries(packages).flatMap(([path, { dev }]) => {
    const [, name] = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path) ?? [];
    return name === undefined || dev || !existsSync(join(root, path)) ? [] : [name];
  });
}

/** As if the Node.js of whoever runs it were an old one. */
const asOld = [
  "--import",
  `data:text/javascript,${encodeURIComponent('Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })')}`,
];
const env = { PATH: process.env.PATH, COUNTERSIGN_CONFIG: "no such file" };
const dev = ["dev", "--http-port", "0", "--grpc-port", "0"];
const worked = { verified: "+14155552671", page: expect.stringContaining("<html"), proofs: 1, stopped: true };

test("has what it needs and what its users read, and no sources, tests or tools", () => {
  const { files, unpackedSize } = packed;
  for (const needed of [
    "bin/countersign.js",
    "dist/src/main.js",
    "dist/src/gen/countersign/v1/code_service_pb.js",
    "dist/web/dist/playground.html",
  ])
    expect(files).toContain(needed);
  for (const read of ["README.md", "countersign.sample.yaml", "proto/countersign/v1/code_service.proto", "docs/command-line.md"])
    expect(files).toContain(read);
  expect(files.filter((file) => /\.ts$/.test(file) && file !== "web/countersign-code.d.ts")).toEqual([]);
  expect(files.filter((file) => /^(test|node_modules|examples|\.)|\.(db|log|pem)$/.test(file))).toEqual([]);
  expect(unpackedSize).toBeLessThan(8 * 2 ** 20);
  const { exports } = manifestOf(root);
  expect(files).toEqual(expect.arrayContaining(Object.values<string>(exports["./element"]).map((path) => path.replace("./", ""))));
});

test("is JavaScript in which every path of its own is there", () => {
  for (const file of packed.files.filter((each) => /^dist\/.*\.js$/.test(each) && !each.startsWith("dist/web/"))) {
    const source = readFileSync(join(modules, "countersign", file), "utf8");
    for (const [, path = ""] of source.matchAll(/(?:from|import\(|import|new URL\()\s*"(\.{1,2}\/[^"]+\.(?:js|ts))"/g))
      expect(existsSync(join(modules, "countersign", dirname(file), path)), `${file}: ${path}`).toBe(true);
  }
});

test("serves, sends and verifies, with its worker and its pages", { timeout: 120_000 }, async () => {
  const args = [bin, ...dev, "--store", `sqlite:${join(packed.folder, "a.db")}`];
  expect(await tryService({ command: process.execPath, args, cwd: packed.folder, env })).toEqual(worked);
});

test("goes on with the Node.js that came with it where the one that was called is too old", { timeout: 120_000 }, async () => {
  const args = [...asOld, bin, ...dev];
  expect(await tryService({ command: process.execPath, args, cwd: packed.folder, env })).toEqual(worked);
  const { status, stderr } = spawnSync(process.execPath, [...asOld, bin, "no-such-command"], { env, encoding: "utf8" });
  expect([status, stderr]).toEqual([2, expect.stringContaining("There is no command")]);
});

test.each(["simulate", "bench"])("has the program %s, and all that it imports", (program) => {
  const main = join(modules, "countersign/dist", program, "main.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, "--help"], { env, encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: expect.stringContaining(`npm run ${program} -- `), stderr: "" });
});

test("says what is missing where there is no newer Node.js", () => {
  // Another package's, which is older; with none in this place, one of a folder above could be found.
  rmSync(join(modules, "node"));
  mkdirSync(join(modules, "node/bin"), { recursive: true });
  writeFileSync(join(modules, "node/package.json"), JSON.stringify({ name: "node", version: "20.20.2" }));
  writeFileSync(join(modules, "node/bin/node"), "");
  const { status, stdout, stderr } = spawnSync(process.execPath, [...asOld, bin, "version"], { env, encoding: "utf8" });
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toMatch(/^Countersign needs Node\.js 24 or newer; this is 20\.20\.2\./);
});
