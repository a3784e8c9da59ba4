import { loadYaml } from "./load-yaml.ts";
import { formatPath, type Path, type Problem, suggest } from "./problem.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** One setting that a variable sets. `text` is what the variable holds, `value` what that means as YAML. */
export type Override = { readonly variable: string; readonly path: Path; readonly text: string; readonly value: unknown };

/** Variables with a name of their own; every other setting is reached by `COUNTERSIGN__` and its path, joined by `__`. */
const named: Readonly<Record<string, Path>> = {
  COUNTERSIGN_GRPC_ADDR: ["listen", "grpc"],
  COUNTERSIGN_HTTP_ADDR: ["listen", "http"],
  COUNTERSIGN_STORE_URL: ["store", "url"],
  COUNTERSIGN_LOG_LEVEL: ["log", "level"],
};
const fileVariable = "COUNTERSIGN_CONFIG";
export const environmentVariables: readonly string[] = [...Object.keys(named), fileVariable];
const prefix = "COUNTERSIGN__";

/**
 * Not ours to judge: what belongs to the tests, and what Kubernetes sets in every pod beside a service called "countersign"
 * (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables).
 */
const ignored = /^COUNTERSIGN_((TEST|REQUIRE|MONGODB)_|SERVICE_(HOST|PORT)|PORT$|PORT_\d+_(TCP|UDP|SCTP))/;

export function readEnvironment(env: Environment): { configFile?: string; overrides: Override[]; problems: Problem[] } {
  const overrides: Override[] = [];
  const problems: Problem[] = [];
  for (const [variable, text] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!(variable in named) && !variable.startsWith(prefix)) continue;
    const read = text === undefined ? undefined : readOverride(variable, text);
    if (read === undefined) continue;
    if (typeof read === "string") problems.push({ setting: variable, message: read });
    else overrides.push(read);
  }
  problems.push(...setTwice(overrides));
  const configFile = env[fileVariable];
  if (configFile === "")
    problems.push({ setting: fileVariable, message: "is empty: write the path of a file, or unset it for development mode" });
  return { overrides, problems, ...(configFile && { configFile }) };
}

/** Mistyped variables; `used` are those that the configuration itself names as `{ env: NAME }`. */
export function unknownVariables(env: Environment, used: ReadonlySet<string>): Problem[] {
  return Object.keys(env)
    .filter((name) => name.startsWith("COUNTERSIGN_") && !name.startsWith(prefix) && !ignored.test(name))
    .filter((name) => !environmentVariables.includes(name) && !used.has(name))
    .map((name) => ({ setting: name, message: `is unknown: ${suggest(name, environmentVariables)}` }));
}

function readOverride(variable: string, text: string): Override | string {
  if (text === "") return "is empty: write a value, or unset it";
  const own = named[variable];
  if (own) return { variable, path: own, text, value: text };
  const parts = variable.slice(prefix.length).split("__");
  if (parts.includes("")) return `names no setting: write ${prefix} and the path of one, such as ${prefix}applications__0__code__length`;
  const path = parts.map((part) => (/^\d{1,4}$/.test(part) ? Number(part) : part));
  try {
    return { variable, path, text, value: loadYaml().parse(text, { maxAliasCount: 0, logLevel: "error" }) };
  } catch {
    // A text that is no YAML, such as a password with a colon, can only be meant as it stands.
    return { variable, path, text, value: text };
  }
}

function setTwice(overrides: readonly Override[]): Problem[] {
  const byPath = Map.groupBy(overrides, ({ path }) => formatPath(path));
  return [...byPath].flatMap(([setting, [first, second]]) =>
    first && second ? [{ setting, variable: second.variable, message: `is set by ${first.variable} too: unset one of them` }] : [],
  );
}
