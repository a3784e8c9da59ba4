import { parseArgs } from "node:util";
import type { Config, RoutingRule } from "../config/config.ts";
import { formatProblem } from "../config/problem.ts";
import { type Command, type CommandIo, exitCodes, UsageError } from "./command.ts";

export const checkConfig: Command = {
  usage: "check-config [FILE]",
  summary: "Check a configuration (FILE, or the one COUNTERSIGN_CONFIG names) together with the environment, without starting.",
  async run(args, io) {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true });
    const [file = io.env.COUNTERSIGN_CONFIG, ...others] = positionals;
    if (!file) throw new UsageError("Name the file to check.");
    if (others.length > 0) throw new UsageError("Name one file.");
    return check(file, io);
  },
};

async function check(file: string, io: CommandIo): Promise<number> {
  const { loadConfig } = await import("../config/load.ts");
  const loaded = loadConfig({ env: io.env, file });
  if (!loaded.ok) {
    io.stderr(loaded.problems.map((problem) => `${formatProblem(problem)}\n`).join(""));
    io.stderr(`${file}: ${count(loaded.problems.length, "problem")}.\n`);
    return exitCodes.failed;
  }
  io.stderr(loaded.warnings.map((warning) => `warning: ${formatProblem(warning)}\n`).join(""));
  io.stdout(`${file} is good: ${describe(loaded.config)}.\n`);
  return exitCodes.done;
}

function describe({ applications, keys, channels, store }: Config): string {
  const routes = Object.entries(channels).map(([channel, rules]) => `${channel} by ${describeRules(rules)}`);
  return [count(applications.length, "application"), count(keys.length, "key"), ...routes, `store ${store.kind}`].join("; ");
}

function describeRules(rules: readonly RoutingRule[]): string {
  const names = [...new Set(rules.flatMap(({ providers }) => providers.map(({ name }) => name)))].join(", ");
  return rules.length === 1 ? names : `${names} (${count(rules.length, "rule")})`;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
