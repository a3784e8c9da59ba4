import type { Override } from "./environment.ts";
import { formatPath, type Path, type Problem } from "./problem.ts";
import { isGroup } from "./schema-at.ts";

/** The document with what the environment sets; the document itself stays as it was, since anchors may share its parts. */
export function applyOverrides(document: unknown, overrides: readonly Override[]): { document: unknown; problems: Problem[] } {
  const problems: Problem[] = [];
  let result = document;
  for (const override of overrides) {
    const set = setAt(result, override.path, override.value, 0);
    if (set.ok) result = set.value;
    else problems.push({ setting: formatPath(set.at), variable: override.variable, message: set.message });
  }
  return { document: result, problems };
}

type Set = { ok: true; value: unknown } | { ok: false; at: Path; message: string };

function setAt(container: unknown, path: Path, value: unknown, depth: number): Set {
  const part = path[depth];
  if (part === undefined) return { ok: true, value };
  if (typeof part === "number" && (container === undefined || Array.isArray(container))) {
    return setItem(container ?? [], path, value, depth);
  }
  if (container !== undefined && !isGroup(container)) {
    const message = Array.isArray(container) ? `is a list: write a number instead of ${part}` : `is a single value and has no ${part}`;
    return { ok: false, at: path.slice(0, depth), message };
  }
  const name = String(part);
  const set = setAt(container && Object.hasOwn(container, name) ? container[name] : undefined, path, value, depth + 1);
  return set.ok ? { ok: true, value: { ...container, [name]: set.value } } : set;
}

function setItem(items: readonly unknown[], path: Path, value: unknown, depth: number): Set {
  const index = Number(path[depth]);
  if (index > items.length) {
    return { ok: false, at: path.slice(0, depth), message: `has ${items.length} entries: the next one is ${items.length}, not ${index}` };
  }
  const set = setAt(items[index], path, value, depth + 1);
  return set.ok ? { ok: true, value: items.toSpliced(index, 1, set.value) } : set;
}
