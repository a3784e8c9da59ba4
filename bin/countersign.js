#!/usr/bin/env node
/**
 * The command as it is installed. Whoever's Node.js runs this may be older than the one that comes with the package: then that one goes on.
 * Written for every Node.js that npm of today runs on; what is not plain is behind the check.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const neededMajor = 24;
// Built, in the package; as it is, in the repository.
const built = new URL("../dist/src/main.js", import.meta.url);
const main = fileURLToPath(existsSync(built) ? built : new URL("../src/main.ts", import.meta.url));

const major = (version) => Number(version.split(".")[0]);

/** The Node.js of the package, unless its install script was not allowed to fetch it, or what is found is another package's. */
function ownNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve("node/package.json");
    if (major(JSON.parse(readFileSync(manifest, "utf8")).version) < neededMajor) return undefined;
    return ["node", "node.exe"].map((name) => join(dirname(manifest), "bin", name)).find(existsSync);
  } catch {
    return undefined;
  }
}

function runWith(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  // A Ctrl-C reaches the child by itself, being in the same group; everything else is passed on.
  process.on("SIGINT", () => undefined);
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

if (major(process.versions.node) >= neededMajor) {
  process.argv[1] = main;
  await import(main);
} else {
  const node = ownNode();
  if (node === undefined) {
    process.stderr.write(
      `Countersign needs Node.js ${neededMajor} or newer; this is ${process.versions.node}. Install it, or let npm fetch the one that comes with this package: npm rebuild node.\n`,
    );
    process.exitCode = 1;
  } else runWith(node);
}
