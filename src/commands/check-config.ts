import type { Config, RoutingRule } from "../config/config.ts";
import type { Loaded } from "../config/load.ts";
import { formatProblem, type Problem } from "../config/problem.ts";
import { type CommandIo, exitCodes, jsonOption, UsageError } from "./command.ts";
import { defineCommand } from "./define-command.ts";

export const checkConfig = defineCommand({
  name: "check-config",
  group: "Write a configuration",
  summary: "Tell everything that is wrong with a configuration.",
  details: "Reads the file together with the environment, as the service would, and starts nothing.",
  operands: [{ name: "FILE", about: "The configuration; without it, the one that COUNTERSIGN_CONFIG names.", optional: true, file: true }],
  options: {
    json: jsonOption,
    from: { value: "RUNNING", file: true, about: "The configuration that runs now: tells besides what a reload would refuse or warn of." },
  },
  json: "`{file, applications, keys, channels: {CHANNEL: [[PROVIDER, …], …]}, store, warnings: [{setting, variable?, message}]}`; `channels` has the providers of each rule.",
  fails: "The configuration cannot be used; `problems` has `{setting, variable?, message}` of each.",
  examples: [
    "check-config countersign.yaml",
    "check-config --from countersign.yaml next.yaml",
    "check-config --json countersign.yaml | jq .warnings",
  ],
  run({ operands, options }, io) {
    const [file = io.env.COUNTERSIGN_CONFIG] = operands;
    if (!file) throw new UsageError("Name the file to check.");
    return check(file, options, io);
  },
});

type Options = { readonly json: boolean; readonly from?: string | undefined };

async function check(file: string, { json, from }: Options, io: CommandIo): Promise<number> {
  const { loadConfig } = await import("../config/load.ts");
  const running = from === undefined ? undefined : loadConfig({ env: io.env, file: from });
  if (from !== undefined && running?.ok === false) return fail(from, running.problems, io);
  const checked = loadConfig({ env: io.env, file });
  const loaded = checked.ok && running?.ok ? await follow(checked, running) : checked;
  if (!loaded.ok) return fail(file, loaded.problems, io);
  if (json) io.stdout(`${JSON.stringify({ file, ...recordOf(loaded.config), warnings: loaded.warnings })}\n`);
  else {
    io.stderr(loaded.warnings.map((warning) => `warning: ${formatProblem(warning)}\n`).join(""));
    io.stdout(`${file} is good: ${describe(loaded.config)}.\n`);
  }
  return exitCodes.done;
}

function fail(file: string, problems: readonly Problem[], io: CommandIo): number {
  const found = [...problems.map(formatProblem), `${file}: ${count(problems.length, "problem")}.`];
  return io.fail(found.join("\n"), problems);
}

/** What a process that runs by one configuration makes of the next. */
async function follow(next: Good, { config }: Good): Promise<Loaded> {
  const { compareConfigs } = await import("../config/reload-compare.ts");
  const { refused, warnings } = compareConfigs({ started: config, running: config }, next.config);
  if (refused.length > 0) return { ok: false, files: next.files, problems: refused };
  return { ...next, warnings: [...next.warnings, ...warnings] };
}

type Good = Loaded & { readonly ok: true };

const recordOf = ({ applications, keys, channels, store }: Config) => ({
  applications: applications.map(({ id }) => id),
  keys: keys.map(({ keyId }) => keyId),
  channels: Object.fromEntries(
    Object.entries(channels).map(([channel, rules]) => [channel, rules.map(({ providers }) => providers.map(({ name }) => name))]),
  ),
  store: store.kind,
});

function describe({ applications, keys, channels, store }: Config): string {
  const routes = Object.entries(channels).map(([channel, rules]) => `${channel} by ${describeRules(rules)}`);
  return [count(applications.length, "application"), count(keys.length, "key"), ...routes, `store ${store.kind}`].join("; ");
}

function describeRules(rules: readonly RoutingRule[]): string {
  const names = [...new Set(rules.flatMap(({ providers }) => providers.map(({ name }) => name)))].join(", ");
  return rules.length === 1 ? names : `${names} (${count(rules.length, "rule")})`;
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;
