/** The files operators deploy with, as a test reads them, and their configurations, as a process reads them. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { maxDeadlineMs } from "../../src/rpc/service.ts";
import { newSecret } from "../process/production-config.ts";
import { type Exit, launch, newFolder } from "../process/service.ts";
import { type Instruction, pairsOf, readDockerfile } from "./dockerfile.ts";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const read = (path: string): string => readFileSync(join(root, path), "utf8");
export const list = (folder: string): string[] => readdirSync(join(root, folder));

/** How long a process that is asked to stop may take, as src/app.ts has it: the longest deadline, and a margin. */
export function drainSeconds(): number {
  const [, margin] = /^const graceMs = maxDeadlineMs \+ ([\d_]+);$/m.exec(read("src/app.ts")) ?? [];
  if (margin === undefined) throw new Error("src/app.ts does not say how long it drains");
  return (maxDeadlineMs + Number(margin.replaceAll("_", ""))) / 1000;
}

/** What the last stage of the Dockerfile says. */
export function imageOf(source = read("Dockerfile")) {
  const { instructions = [] } = readDockerfile(source).at(-1) ?? {};
  const named = (name: string): Instruction => {
    const found = instructions.findLast((each) => each.name === name);
    if (!found) throw new Error(`the image has no ${name}`);
    return found;
  };
  return { env: pairsOf(named("ENV")), user: named("USER").text, ports: named("EXPOSE").text.split(" ").map(Number), named };
}

export type Checked = Pick<Exit, "code"> & { readonly output: string };

/**
 * What `check-config` says of a configuration whose secrets lie, instead of in the folder it names, in one with these files; `env` is what
 * the process has there.
 */
export async function checkConfig(
  config: string,
  secrets: { readonly folder: string; readonly files: Record<string, string> },
  env: Record<string, string>,
): Promise<Checked> {
  const folder = newFolder();
  mkdirSync(join(folder, "secrets"));
  for (const [name, text] of Object.entries(secrets.files)) writeFileSync(join(folder, "secrets", name), text, { mode: 0o600 });
  const file = join(folder, "countersign.yaml");
  writeFileSync(file, config.replaceAll(`${secrets.folder}/`, `${folder}/secrets/`));
  const { exited, stdout, stderr } = launch({ env }, ["check-config", file]);
  const { code } = await exited;
  return { code, output: stdout() + stderr() };
}

/** The files of a folder of secrets that a configuration names. */
export const secretsNamed = (config: string, folder: string): string[] =>
  [...config.matchAll(/\{ file: (\S+)\/(\S+) \}/g)].filter(([, named]) => named === folder).map(([, , name]) => name ?? "");

/** In the place of secrets: keys are new ones, everything else stays. */
export const filled = (files: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text.includes("make-secret") ? newSecret() : text]));
