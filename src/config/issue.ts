import type { z } from "zod";
import { isSecret } from "./forms.ts";
import { guess, type Path, suggest } from "./problem.ts";
import { isGroup, knownNames, schemaAt, valueAt } from "./schema-at.ts";

export type Explained = { readonly path: Path; readonly message: string };

/** What is wrong with a setting, and what to write instead, in one sentence that holds no text of the document but names. */
export function explainIssue(issue: z.core.$ZodIssue, schema: z.ZodType, document: unknown): Explained[] {
  const path = issue.path as Path;
  const within = issuesOfGroup(issue, document);
  if (within) return within.flatMap((each) => explainIssue({ ...each, path: [...path, ...each.path] }, schema, document));
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((name) => ({
        path: [...path, name],
        message: `is unknown: ${suggest(name, knownNames(schemaAt(schema, document, path)))}`,
      }));
    case "invalid_key":
      return [{ path, message: `has a name that cannot be used: ${issue.issues[0]?.message ?? issue.message}` }];
    case "custom":
      if (!issue.message.startsWith("write ")) return [{ path, message: issue.message }];
      return [{ path, message: `${describeKind(valueAt(document, path))}: ${issue.message}` }];
    default: {
      const value = valueAt(document, path);
      const shown = isSecret(schemaAt(schema, document, path)) ? describeKind(value) : describeValue(value, issue);
      return [{ path, message: `${shown}: ${instruction(issue, value)}` }];
    }
  }
}

/** Where a text or a group (or list) may stand and a group stands: what is wrong with that group, instead of with either. */
function issuesOfGroup(issue: z.core.$ZodIssue, document: unknown): z.core.$ZodIssue[] | undefined {
  const value = valueAt(document, issue.path as Path);
  if (issue.code !== "invalid_union" || !(isGroup(value) || Array.isArray(value))) return undefined;
  const isOfAnother = ({ code, path }: z.core.$ZodIssue) => path.length === 0 && (code === "invalid_type" || code === "invalid_value");
  return issue.errors.find((issues) => !issues.some(isOfAnother));
}

function describeValue(value: unknown, issue: z.core.$ZodIssue): string {
  const wantsText = issue.code === "invalid_type" && issue.expected === "string";
  return !wantsText && (typeof value === "number" || typeof value === "boolean") ? `is ${value}` : describeKind(value);
}

function describeKind(value: unknown): string {
  if (value === undefined) return "is missing";
  if (value === null) return "is empty";
  if (Array.isArray(value)) return value.length === 1 ? "is a list of 1" : `is a list of ${value.length}`;
  if (isGroup(value)) return "is a group of settings";
  if (typeof value === "string") return value === "" ? "is an empty text" : "cannot be used";
  return `is a ${typeof value} to YAML, not a text (put it in quotes)`;
}

function instruction(issue: z.core.$ZodIssue, value: unknown): string {
  const known = issue.code === "invalid_value" ? issue.values.map(String) : [];
  const meant = typeof value === "string" ? guess(value, known) : undefined;
  return meant === undefined ? spell(issue) : `${spell(issue)}; did you mean ${meant}?`;
}

/** Zod's own sentences say what was expected; ours begin with "write". */
function spell(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith("write ")) return issue.message;
  if (issue.code === "invalid_type") return `write ${kinds[issue.expected] ?? `a value of type ${issue.expected}`}`;
  if (issue.code === "invalid_value") return `write one of ${issue.values.map(String).join(", ")}`;
  return issue.message;
}

const kinds: Readonly<Record<string, string>> = {
  object: "a group of settings (name: value)",
  record: "a group of settings (name: value)",
  array: "a list",
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};
