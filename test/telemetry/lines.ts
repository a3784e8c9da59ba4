import type { LineWriter } from "../../src/telemetry/line-writer.ts";

/** A writer that keeps its lines, and the lines as objects. */
export function collectLines(): { writer: LineWriter; lines: () => Record<string, unknown>[] } {
  let text = "";
  return {
    writer: {
      write(line) {
        text += line;
      },
      close: async () => {},
    },
    lines: () =>
      text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line)),
  };
}
