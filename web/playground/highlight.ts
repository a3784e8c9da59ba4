import { type Child, h } from "../element/dom.ts";

const token =
  /("(?:[^"\\]|\\.)*"(?=\s*:))|("(?:[^"\\]|\\.)*")|(\b(?:true|false|null|-?\d+(?:\.\d+)?)\b)|(\b(?:import|from|const|await)\b)/g;
const kinds = ["name", "text", "value", "word"] as const;

/** Colours what JSON and the little TypeScript of the page are made of. */
export function highlight(source: string): Child[] {
  const pieces: Child[] = [];
  let end = 0;
  for (const match of source.matchAll(token)) {
    const kind = kinds[match.slice(1).findIndex((group) => group !== undefined)] ?? "text";
    pieces.push(source.slice(end, match.index), h("span", { class: `token-${kind}` }, match[0]));
    end = match.index + match[0].length;
  }
  return [...pieces, source.slice(end)];
}
