import { parser } from "@prometheus-io/lezer-promql";

export type Selector = { readonly metric: string; readonly labels: readonly string[] };
export type Query = {
  /** Where the text is no PromQL. */
  readonly errors: readonly string[];
  readonly selectors: readonly Selector[];
  /** Of `by`, `without`, `on`, `ignoring` and `group_left`. */
  readonly grouping: readonly string[];
};

/** What a query names. */
export function readQuery(expression: string): Query {
  const errors: string[] = [];
  const selectors: { metric: string; labels: string[] }[] = [];
  const grouping: string[] = [];
  parser.parse(expression).iterate({
    enter({ type, from, to, node }) {
      const text = expression.slice(from, to);
      if (type.isError) errors.push(`at ${from}: ${expression.slice(from, from + 20)}`);
      if (type.name === "VectorSelector") selectors.push({ metric: /^[A-Za-z_:][\w:]*/.exec(text)?.[0] ?? "", labels: [] });
      if (type.name !== "LabelName") return;
      if (node.matchContext(["GroupingLabels"])) grouping.push(text);
      else selectors.at(-1)?.labels.push(text);
    },
  });
  return { errors, selectors, grouping };
}
