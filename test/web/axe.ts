import axe from "axe-core";
import type { Page } from "playwright-core";

export type AxeResult = { readonly violations: readonly string[]; readonly passes: number };

const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe finds wrong on a page, shadow trees included, by the rules of WCAG 2.2 AA and axe's own advice. */
export async function runAxe(page: Page): Promise<AxeResult> {
  // By the debugger, which no policy of the page stops.
  await page.evaluate(axe.source);
  const { violations, passes } = await page.evaluate(
    (values) => (globalThis as unknown as { axe: typeof axe }).axe.run(document, { runOnly: { type: "tag", values } }),
    rules,
  );
  return {
    passes: passes.length,
    violations: violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target.join(" ")}: ${failureSummary}`),
    ),
  };
}
