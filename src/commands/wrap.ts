const width = 80;

export const wrap = (text: string, indent = 0): string => wrapWords(text.split(" "), indent, indent);

/** In lines of at most 80 columns, all of them indented but the first, which begins at `from`. */
export function wrapWords(words: readonly string[], indent: number, from: number): string {
  const lines: string[] = [];
  let line = "";
  let room = width - from;
  for (const word of words) {
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = "";
      room = width - indent;
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}

/** Two columns: what it is, and what is said of it. */
export function columns(rows: readonly (readonly [string, string])[], gap = 22): string {
  return rows
    .map(([left, right]) => {
      const head = `  ${left}`;
      const start = head.length + 2 > gap ? `${head}\n${" ".repeat(gap)}` : head.padEnd(gap);
      return `${start}${wrap(right, gap)}\n`;
    })
    .join("");
}
