/** The steps that several examples share. */
import { readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "./run-program.ts";
import { install, root } from "./stage.ts";

export const tool = (name: string): string => join(root, "node_modules/.bin", name);

/** For `buf generate`, which looks for its plugins on the path. */
export const withTools = { PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` };

/** Makes `venv` in the folder, with the packages of its requirements.txt. */
export async function linkVenv(folder: string, example: string): Promise<void> {
  const venv = await install(`${example.replaceAll("/", "-")}-packages`, `examples/${example}/requirements.txt`, async (made) => {
    await mustRun(["python3", "-m", "venv", made]);
    const requirements = join(root, "examples", example, "requirements.txt");
    await mustRun([join(made, "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]);
  });
  symlinkSync(venv, join(folder, "venv"));
}

export async function checkTypes(folder: string): Promise<void> {
  const sources = readdirSync(folder).filter((file) => file.endsWith(".ts"));
  await mustRun([tool("tsc"), ...compilerOptions, ...sources], { cwd: folder });
}

const compilerOptions = [
  ...["--noEmit", "--strict", "--skipLibCheck", "--erasableSyntaxOnly", "--allowImportingTsExtensions", "--ignoreConfig"],
  ...["--module", "nodenext", "--target", "es2024", "--lib", "es2024,dom,dom.iterable,dom.asynciterable", "--types", "node"],
];
