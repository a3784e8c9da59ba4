import type { Config } from "../config/config.ts";
import { formatProblem, type Problem } from "../config/problem.ts";
import type { CommandIo } from "./command.ts";

/** The configuration that the environment names, or the exit code once its problems are told. */
export async function loadConfiguration(io: CommandIo): Promise<Config | number> {
  const { loadConfig } = await import("../config/load.ts");
  const loaded = loadConfig({ env: io.env });
  return loaded.ok ? loaded.config : failOn(loaded.problems, io);
}

export const failOn = (problems: readonly Problem[], io: CommandIo): number => io.fail(problems.map(formatProblem).join("\n"), problems);
