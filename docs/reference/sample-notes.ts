import { isMap, isScalar, isSeq, type Node, parseDocument } from "yaml";

/** Where a part of the sample stands: one node, or several of the same form. */
export type Places = readonly Node[];

export const readSample = (text: string): Places => [parseDocument(text).contents].filter((node) => node !== null);

/** What the sample says of the settings of a group, by name; those that stand there behind a `#` have their notes too. */
export function notesOf(places: Places, names: readonly string[]): ReadonlyMap<string, string> {
  const notes = new Map<string, string>();
  for (const place of places) for (const [name, note] of notesIn(place, names)) if (!notes.has(name)) notes.set(name, note);
  return notes;
}

/** The values of a setting, where the sample has it. */
export const valuesOf = (places: Places, name: string): Places =>
  places.flatMap((place) => (isMap(place) ? place.items.filter(({ key }) => textOf(key) === name).map(({ value }) => value as Node) : []));

/** The values of a group with free names, or the elements of a list. */
export const elementsOf = (places: Places): Places =>
  places.flatMap((place) => {
    if (isMap(place)) return place.items.map(({ value }) => value as Node);
    return isSeq(place) ? firstWithComment(place.items as Node[], place.commentBefore) : [];
  });

/** Those of a variant, which one setting tells. */
export const variantOf = (places: Places, name: string, value: unknown): Places =>
  places.filter((place) => isMap(place) && place.get(name) === value);

/** The comment above the first element of a list belongs to the list by the parser's lights, and to that element by the reader's. */
function firstWithComment(items: readonly Node[], comment: string | null | undefined): Node[] {
  const [first] = items;
  if (comment && first && isMap(first) && !first.commentBefore) first.commentBefore = comment;
  return [...items];
}

function notesIn(place: Node, names: readonly string[]): [string, string][] {
  if (!isMap(place)) return [];
  const pairs = place.items.flatMap(({ key }, at) => {
    const { notes, rest } = split((at === 0 && place.commentBefore) || (key as Node).commentBefore || "", names);
    return [...notes, [textOf(key), rest] as [string, string]];
  });
  return [...pairs, ...split(place.comment ?? "", names).notes].filter(([, note]) => note !== "");
}

/** The lines above each setting that stands behind a `#`, and those that are left for the setting itself. */
function split(comment: string, names: readonly string[]): { readonly notes: [string, string][]; readonly rest: string } {
  const notes: [string, string][] = [];
  let lines: string[] = [];
  let inValue = false;
  for (const line of comment.split("\n")) {
    const [, name = ""] = /^ ([A-Za-z0-9]+):/.exec(line) ?? [];
    if (names.includes(name)) {
      // Two of them in a row share what stands above the first.
      notes.push([name, lines.length > 0 ? join(lines) : (notes.at(-1)?.[1] ?? "")]);
      lines = [];
      inValue = true;
    } else if (line.trim() !== "" && !(inValue && line.startsWith("   "))) {
      lines.push(line);
      inValue = false;
    }
  }
  return { notes, rest: join(lines) };
}

/** Running text joined; what is set off by spaces, such as an example, on a line of its own. */
const join = (lines: readonly string[]): string =>
  lines
    .reduce((text, line) => (line.startsWith("   ") ? `${text}\n\`${line.trim().replace(/ {2,}/g, "  ")}\`` : `${text} ${line.trim()}`), "")
    .trim();

const textOf = (key: unknown): string => (isScalar(key) ? String(key.value) : "");
