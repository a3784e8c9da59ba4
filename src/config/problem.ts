import { closest, distance } from "fastest-levenshtein";

/** One thing that is wrong with the configuration. Never holds the value of a text: it could be a secret. */
export type Problem = {
  /** Path of the setting (`applications[0].code.length`), or the file or variable that could not be read at all. */
  readonly setting: string;
  /** The environment variable the value came from. */
  readonly variable?: string;
  /** What is wrong, and what to write instead. */
  readonly message: string;
};

export type Path = readonly (string | number)[];

export const formatProblem = ({ setting, variable, message }: Problem): string =>
  variable === undefined || variable === setting ? `${setting} ${message}` : `${setting} (${variable}) ${message}`;

export function formatPath(path: Path): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
  return text.replace(/^\./, "") || "the configuration";
}

export const isUnder = (path: Path, ancestor: Path): boolean => ancestor.every((part, index) => path[index] === part);

/** A hint for a name nobody knows: the one that was probably meant, and all of them where they are few. */
export function suggest(unknown: string, known: readonly string[]): string {
  if (known.length === 0) return "leave it out";
  const meant = guess(unknown, known);
  const listed = known.length > 12 ? "look it up in countersign.sample.yaml" : `write one of ${known.join(", ")}`;
  return meant === undefined ? listed : `${listed}; did you mean ${meant}?`;
}

/** The nearest name, unless half of it would have to be another. */
export function guess(unknown: string, known: readonly string[]): string | undefined {
  const [first, ...others] = known;
  if (first === undefined) return undefined;
  const nearest = closest(unknown, [first, ...others]);
  return distance(unknown, nearest) <= Math.max(2, nearest.length / 2) ? nearest : undefined;
}
