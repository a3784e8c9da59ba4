/** One cell: no line break, and no bar that would end it. */
export const cell = (text: string): string => text.replaceAll("|", "\\|").replace(/\n+/g, "<br>").trim();

export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(heads), `|${heads.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

export const code = (text: string): string => `\`${text}\``;

/** The anchor that a heading has on the usual renderers: lower case, without punctuation, spaces as hyphens. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");

/** Pieces of a page, with one empty line between them and a newline at the end. */
export const page = (pieces: readonly string[]): string => `${pieces.filter((piece) => piece !== "").join("\n\n")}\n`;

export const generatedBy = (source: string): string =>
  `Generated from ${source}; do not edit. \`node docs/reference/generate.ts\` renews it, and a test fails when it is not current.`;
