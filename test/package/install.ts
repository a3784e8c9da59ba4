/**
 * Packs, installs the package into an empty folder with npm, and runs `npx countersign dev` there, as its users do; sends and verifies a code.
 * Not in `npm test`, because npm may have to fetch: node test/package/install.ts
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { npm, pack, root } from "./pack.ts";
import { tryService } from "./try-service.ts";

const say = (text: string): void => void process.stdout.write(`${text}\n`);

await using packed = await pack();
say(`packed: ${packed.files.length} files, ${Math.round(packed.unpackedSize / 1024)} KiB`);
const cwd = join(packed.folder, "empty");
mkdirSync(cwd);
// Without it npm would install into a folder above that happens to have one.
writeFileSync(join(cwd, "package.json"), JSON.stringify({ private: true }));
const { stderr } = await npm(["install", "--prefer-offline", "--no-audit", "--no-fund", packed.tarball], cwd);
say(`installed${stderr === "" ? "" : `; npm says:\n${stderr.trimEnd()}`}`);
// The Node.js of whoever installs it, and not that of this repository.
const PATH = (process.env.PATH ?? "")
  .split(delimiter)
  .filter((folder) => !folder.startsWith(root))
  .join(delimiter);
const args = ["countersign", "dev", "--http-port", "0", "--grpc-port", "0", "--store", "sqlite:dev.db"];
const { verified, stopped } = await tryService({ command: "npx", args, cwd, env: { ...process.env, PATH } });
say(`npx countersign dev: sent and verified ${verified}, ${stopped ? "and stopped in order" : "but did not stop in order"}`);
process.exitCode = verified === "+14155552671" && stopped ? 0 : 1;
