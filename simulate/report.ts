import type { Tally } from "./actors.ts";
import type { Outcome } from "./run.ts";

/** What one message costs in the table; a round number, so that shares can be read off. */
export const messagePrice = 0.1;

export const mostPerPrefix = ({ byPrefix }: Tally): number => Math.max(0, ...byPrefix.values());

/** One line per actor: what it wanted, what it got, what that cost. */
export function formatTable(modes: readonly { readonly mode: string; readonly outcome: Outcome }[]): string {
  const head = ["mode", "actor", "asked", "sent", "refused", "most to a prefix", "prefixes", "money", "guesses compared", "right"];
  const rows = modes.flatMap(({ mode, outcome }) => outcome.tallies.map((tally) => row(mode, tally)));
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((each) => each[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ");
  return [head, ...rows].map(line).join("\n");
}

const row = (mode: string, tally: Tally): string[] => [
  mode,
  tally.name,
  String(tally.asked),
  String(tally.sent),
  `${tally.refused} (${((100 * tally.refused) / Math.max(1, tally.asked)).toFixed(2)} %)`,
  String(mostPerPrefix(tally)),
  String(tally.byPrefix.size),
  (tally.sent * messagePrice).toFixed(2),
  tally.compared > 0 ? String(tally.compared) : "",
  tally.compared > 0 ? String(tally.guessed) : "",
];
