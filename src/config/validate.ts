import type { z } from "zod";
import type { Override } from "./environment.ts";
import { once } from "./forms.ts";
import { explainIssue } from "./issue.ts";
import { applyOverrides } from "./override.ts";
import { formatPath, isUnder, type Path, type Problem } from "./problem.ts";
import { valueAt } from "./schema-at.ts";

export type Validated<Output> = {
  /** The document that was looked at last. */
  readonly document: unknown;
  readonly problems: Problem[];
  /** Present when there is no problem. */
  readonly settings?: Output;
};

/** The typed settings of a document, or everything that is wrong with its form. */
export function validate<Output>(schema: z.ZodType<Output>, raw: unknown, overrides: readonly Override[]): Validated<Output> {
  const document = keepTexts(schema, raw, overrides);
  const parsed = schema.safeParse(document, once);
  if (parsed.success) return { document, problems: [], settings: parsed.data };
  const problems = parsed.error.issues.flatMap((issue) => explainIssue(issue, schema, document));
  return { document, problems: problems.map(({ path, message }) => locate(path, message, overrides)) };
}

/** A problem with the name of the variable that its value, or part of it, came from. */
export function locate(path: Path, message: string, overrides: readonly Override[]): Problem {
  const override =
    overrides.find((candidate) => isUnder(path, candidate.path)) ?? overrides.find((candidate) => isUnder(candidate.path, path));
  return { setting: formatPath(path), message, ...(override && { variable: override.variable }) };
}

/**
 * A variable has no quotes to tell a text from a number by: where a text is wanted (a password of digits, a phone number), it is
 * taken as it stands.
 */
function keepTexts(schema: z.ZodType, document: unknown, overrides: readonly Override[]): unknown {
  const issues = schema.safeParse(document, once).error?.issues ?? [];
  const texts = overrides.filter(
    ({ path, text }) =>
      valueAt(document, path) !== text &&
      issues.some(
        (issue) => issue.code === "invalid_type" && issue.expected === "string" && formatPath(issue.path as Path) === formatPath(path),
      ),
  );
  return applyOverrides(
    document,
    texts.map((override) => ({ ...override, value: override.text })),
  ).document;
}
