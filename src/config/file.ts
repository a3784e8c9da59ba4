import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { loadYaml } from "./load-yaml.ts";
import type { Problem } from "./problem.ts";

const maxBytes = 2 ** 20;
/** How often aliases may repeat what they name; a bomb of nested ones needs many more. */
const maxAliasCount = 100;

export type ReadDocument = { readonly ok: true; readonly document: unknown } | { readonly ok: false; readonly problems: Problem[] };

export function readDocument(file: string): ReadDocument {
  const read = readText(file, maxBytes);
  if (!read.ok) return { ok: false, problems: [{ setting: file, message: read.message }] };
  return parseText(file, read.text);
}

/** A whole small file as text. The message tells neither its content nor its name. */
export function readText(file: string, limit: number): { ok: true; text: string; mode: number } | { ok: false; message: string } {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, "r");
    const status = fstatSync(descriptor);
    if (status.isDirectory()) return { ok: false, message: "is a folder: write the path of a file" };
    if (status.size > limit) return { ok: false, message: `is larger than ${limit / 1024} KiB: this cannot be the right file` };
    const bytes = readFileSync(descriptor);
    return { ok: true, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), mode: status.mode };
  } catch (error) {
    return { ok: false, message: whyUnreadable(error) };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function parseText(file: string, text: string): ReadDocument {
  const { LineCounter, parseDocument } = loadYaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, logLevel: "error" });
  const problems = [...document.errors, ...document.warnings].map(({ pos, message }) => {
    const { line, col } = lines.linePos(pos[0]);
    return { setting: `${file}:${line}:${col}`, message: `is not YAML that is understood: ${withoutContent(message)}` };
  });
  if (problems.length > 0) return { ok: false, problems };
  try {
    const value: unknown = document.toJS({ maxAliasCount });
    return value === null
      ? { ok: false, problems: [{ setting: file, message: "is empty: start from countersign.sample.yaml" }] }
      : { ok: true, document: value };
  } catch {
    return { ok: false, problems: [{ setting: file, message: "has aliases that repeat too much or name no anchor: write it out" }] };
  }
}

/** The parser quotes what it stumbled over, which may be a secret. */
const withoutContent = (message: string): string => message.replace(/: .*/s, "");

/** The end of a sentence about a file or folder. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "does not exist: write the path of a file";
  if (code === "EACCES" || code === "EPERM") return "may not be read by this user: change its owner or mode";
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "is not UTF-8 text";
  return `cannot be read (${String(code ?? "unknown error")})`;
}
