/** Examples whose toolchain is here, made ready; a loud line for the others, or an error when COUNTERSIGN_REQUIRE_EXAMPLES=1. */
import { runProgram } from "../../examples/run-program.ts";

type Preparable = { readonly probe: readonly [string, ...string[]]; readonly prepare: () => Promise<string> };
export type Prepared<T> = { readonly name: string; readonly example: T; readonly folder: string | undefined };

export const prepareAll = <T extends Preparable>(examples: Readonly<Record<string, T>>): Promise<Prepared<T>[]> =>
  Promise.all(Object.entries(examples).map(async ([name, example]) => ({ name, example, folder: await prepare(name, example) })));

async function prepare(name: string, { probe, prepare: make }: Preparable): Promise<string | undefined> {
  const missing = await runProgram(probe).then(({ ok, stderr }) => (ok ? undefined : stderr), String);
  if (missing === undefined) return make();
  const line = `the ${name} example is NOT TESTED: ${missing.trim()}`;
  if (process.env.COUNTERSIGN_REQUIRE_EXAMPLES === "1") throw new Error(line);
  process.stderr.write(`\n!!! ${line}. COUNTERSIGN_REQUIRE_EXAMPLES=1 makes this an error.\n\n`);
  return undefined;
}
