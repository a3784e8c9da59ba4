import { resolve } from "node:path";
import type { z } from "zod";
import type { Environment } from "./environment.ts";
import { readText } from "./file.ts";
import { isSecret } from "./forms.ts";
import { formatPath, type Path, type Problem } from "./problem.ts";
import { isGroup, schemaAt } from "./schema-at.ts";

const maxBytes = 64 * 1024;

type Sources = {
  readonly schema: z.ZodType;
  readonly env: Environment;
  /** What relative paths start from: the folder of the configuration file. */
  readonly folder: string;
};

export type Resolved = {
  readonly document: unknown;
  readonly problems: Problem[];
  readonly warnings: Problem[];
  /** Names of the variables that were read. */
  readonly variables: ReadonlySet<string>;
  /** Files that were read, or should have been. */
  readonly files: ReadonlySet<string>;
};

/** The document with every secret of the form `{ file: PATH }` or `{ env: NAME }` replaced by what stands there. */
export function resolveSecrets(document: unknown, sources: Sources): Resolved {
  const found = { problems: [] as Problem[], warnings: [] as Problem[], variables: new Set<string>(), files: new Set<string>() };
  const visit = (value: unknown, path: Path): unknown => {
    const reference = referenceOf(value);
    if (reference && isSecret(schemaAt(sources.schema, document, path))) return fetchSecret(reference, path);
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (isGroup(value)) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, visit(item, [...path, name])]));
    return value;
  };
  const fetchSecret = (reference: Reference, path: Path): string | undefined => {
    const setting = formatPath(path);
    const file = resolve(sources.folder, reference.name);
    if (reference.from === "env") found.variables.add(reference.name);
    else found.files.add(file);
    const read = reference.from === "env" ? readVariable(sources.env, reference.name) : readSecretFile(file);
    if (read.warning) found.warnings.push({ setting, message: read.warning });
    if (read.ok) return read.text;
    found.problems.push({ setting, message: read.message });
    return undefined;
  };
  return { document: visit(document, []), ...found };
}

type Reference = { readonly from: "file" | "env"; readonly name: string };
type Read =
  | { readonly ok: true; readonly text: string; warning?: string }
  | { readonly ok: false; readonly message: string; warning?: never };

function referenceOf(value: unknown): Reference | undefined {
  const [entry, another] = isGroup(value) ? Object.entries(value) : [];
  if (!entry || another || typeof entry[1] !== "string") return undefined;
  const [from, name] = entry;
  return from === "file" || from === "env" ? { from, name } : undefined;
}

function readVariable(env: Environment, name: string): Read {
  const text = env[name];
  if (!text) return { ok: false, message: `is to come from the variable ${name}, which is ${text === "" ? "empty" : "not set"}` };
  return { ok: true, text };
}

function readSecretFile(file: string): Read {
  const read = readText(file, maxBytes);
  if (!read.ok) return { ok: false, message: `is to come from the file ${file}, which ${read.message}` };
  const text = read.text.replace(/[\r\n]+$/, "");
  if (text === "") return { ok: false, message: `is to come from the file ${file}, which is empty` };
  // A warning, not an error: mounted secrets of containers are readable by all inside, where there is nobody else.
  const open = (read.mode & 0o004) !== 0;
  return {
    ok: true,
    text,
    ...(open && { warning: `comes from the file ${file}, which every user of this machine can read: chmod 600 it` }),
  };
}
