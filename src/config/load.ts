import { dirname, resolve } from "node:path";
import { buildConfig } from "./build.ts";
import { crossCheck } from "./checks.ts";
import type { Config } from "./config.ts";
import { developmentDocument } from "./development.ts";
import { type Environment, type Override, readEnvironment, unknownVariables } from "./environment.ts";
import { readDocument } from "./file.ts";
import { applyOverrides } from "./override.ts";
import type { Problem } from "./problem.ts";
import { salvage } from "./salvage.ts";
import { resolveSecrets } from "./secrets.ts";
import { settings } from "./settings.ts";
import { readTlsFiles, type TlsFiles } from "./tls-files.ts";
import { locate, validate } from "./validate.ts";
import { wordingWarnings } from "./wording-checks.ts";
import { readWordingFiles } from "./wording-files.ts";

/** `files`: the files and folders that were read, or should have been; none in development mode without a file. */
export type Loaded = { readonly files: readonly string[] } & (
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }
);

type Sources = {
  readonly env: Environment;
  /** Read instead of the file that COUNTERSIGN_CONFIG names. */
  readonly file?: string;
};

/** File and environment as one configuration, or all that is wrong with them. Without a file, development mode. */
export function loadConfig({ env, file }: Sources): Loaded {
  const environment = readEnvironment(env);
  const configFile = file ?? environment.configFile;
  const read = configFile === undefined ? { ok: true as const, document: developmentDocument } : readDocument(configFile);
  const own = configFile === undefined ? [] : [resolve(configFile)];
  if (!read.ok)
    return { ok: false, files: own, problems: [...environment.problems, ...read.problems, ...unknownVariables(env, new Set())] };
  const { document, problems } = applyOverrides(read.document, environment.overrides);
  const folder = configFile === undefined ? "." : dirname(configFile);
  const resolved = resolveSecrets(document, { schema: settings, env, folder });
  const worded = readWordingFiles(resolved.document, folder);
  const tls = readTlsFiles(resolved.document, folder);
  const files = [...own, ...resolved.files, ...worded.folders, ...tls.files];
  const mode = configFile === undefined ? "development" : "production";
  const checked = check(worded.document, environment.overrides, { mode, readTls: tls.read });
  const all = firstOfEach([
    ...environment.problems,
    ...problems,
    ...resolved.problems,
    ...worded.problems,
    ...tls.problems,
    ...checked.problems.map(worded.locate),
    ...unknownVariables(env, resolved.variables),
  ]);
  return checked.config && all.length === 0
    ? {
        ok: true,
        files,
        config: checked.config,
        warnings: [...resolved.warnings, ...tls.warnings, ...wordingWarnings(checked.config).map(worded.locate)],
      }
    : { ok: false, files, problems: all };
}

type With = { readonly mode: Config["mode"]; readonly readTls: TlsFiles["read"] };

function check(raw: unknown, overrides: readonly Override[], { mode, readTls }: With): { config?: Config; problems: Problem[] } {
  const validated = validate(settings, raw, overrides);
  const found = crossCheck(salvage(settings, validated.document) ?? {}, mode);
  const problems = [...validated.problems, ...found.map(({ path, message }) => locate(path, message, overrides))];
  if (!validated.settings || problems.length > 0) return { problems };
  return { config: buildConfig(validated.settings, mode, readTls), problems };
}

/** One setting, one problem: those that follow are mostly consequences of the first. */
const firstOfEach = (problems: readonly Problem[]): Problem[] =>
  [...new Map(problems.toReversed().map((problem) => [problem.setting, problem])).values()].reverse();
