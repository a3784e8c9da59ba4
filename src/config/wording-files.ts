import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { readDocument, whyUnreadable } from "./file.ts";
import { formatPath, type Path, type Problem } from "./problem.ts";
import { valueAt } from "./schema-at.ts";

export type WordingFiles = {
  /** With the templates of every folder behind those that stand in the configuration itself. */
  readonly document: unknown;
  readonly problems: Problem[];
  /** Folders that were read, or should have been; a file may come to them at any time. */
  readonly folders: readonly string[];
  /** Names the file where a setting stands that came from one. */
  readonly locate: (problem: Problem) => Problem;
};

/** The templates of each application's `wording.path`. Relative paths start at the configuration file, as those of secrets do. */
export function readWordingFiles(document: unknown, folder: string): WordingFiles {
  const applications = valueAt(document, ["applications"]);
  const problems: Problem[] = [];
  const origins: Origin[] = [];
  const folders: string[] = [];
  if (!Array.isArray(applications)) return { document, problems, folders, locate: (problem) => problem };
  const worded = applications.map((application: unknown, index) => {
    const path = valueAt(application, ["wording", "path"]);
    const inline = valueAt(application, ["wording", "templates"]) ?? [];
    if (typeof path !== "string" || path === "" || !Array.isArray(inline)) return application;
    const at: Path = ["applications", index, "wording"];
    const read = readFolder({ path, folder, setting: formatPath([...at, "path"]) });
    problems.push(...read.problems);
    folders.push(resolve(folder, path));
    origins.push(
      ...read.templates.map(({ origin }, place) => ({ origin, setting: formatPath([...at, "templates", inline.length + place]) })),
    );
    const templates = [...inline, ...read.templates.map(({ template }) => template)];
    return { ...(application as object), wording: { ...(valueAt(application, ["wording"]) as object), templates } };
  });
  return { document: { ...(document as object), applications: worded }, problems, folders, locate: (problem) => rename(problem, origins) };
}

type Origin = { readonly setting: string; readonly origin: string };
type Folder = { readonly path: string; readonly folder: string; readonly setting: string };

function readFolder({ path, folder, setting }: Folder): { templates: { origin: string; template: unknown }[]; problems: Problem[] } {
  const names = listFiles(resolve(folder, path));
  if (typeof names === "string") return { templates: [], problems: [{ setting, message: names }] };
  const problems: Problem[] = [];
  const templates = names.flatMap((name) => {
    const read = readDocument(resolve(folder, path, name));
    const file = join(path, name);
    if (!read.ok) problems.push(...read.problems);
    else if (!Array.isArray(read.document)) problems.push({ setting: file, message: "is not a list: write a list of templates" });
    else return read.document.map((template: unknown, index) => ({ origin: `${file}[${index}]`, template }));
    return [];
  });
  return { templates, problems };
}

/** In the order of their names, so that every machine finds the same problems first. */
function listFiles(folder: string): string[] | string {
  try {
    const names = readdirSync(folder).filter((name) => /^[^.].*\.ya?ml$/.test(name));
    return names.length > 0 ? names.sort() : "names a folder without a .yaml file: write the path of one with templates";
  } catch (error) {
    return `names a folder that ${whyUnreadable(error)}`;
  }
}

function rename(problem: Problem, origins: readonly Origin[]): Problem {
  const found = origins.find(({ setting }) => problem.setting.startsWith(setting));
  return found ? { ...problem, setting: found.origin + problem.setting.slice(found.setting.length) } : problem;
}
