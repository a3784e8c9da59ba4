import type { CompletionModel, Place } from "./completion-model.ts";

export const fishCompletion = (model: CompletionModel): string =>
  ["# countersign completion fish | source", "complete -c countersign -f", ...model.flatMap(linesOf), ""].join("\n");

function linesOf({ name, about, options, operands }: CompletionModel[number]): readonly string[] {
  const inside = `complete -c countersign -n ${quote(`__fish_seen_subcommand_from ${name}`)}`;
  return [
    `complete -c countersign -n __fish_use_subcommand -a ${name} -d ${quote(about)}`,
    ...options.map((option) => `${inside} -l ${option.name.slice(2)}${valueForm(option.value)} -d ${quote(option.about)}`),
    ...operands.flatMap((place) => {
      if (place === "unknown") return [];
      return [place === "file" ? `${inside} -F` : `${inside} -a ${quote(place.join(" "))}`];
    }),
  ];
}

function valueForm(place: Place | undefined): string {
  if (place === undefined) return "";
  if (place === "unknown") return " -x";
  return place === "file" ? " -r -F" : ` -x -a ${quote(place.join(" "))}`;
}

const quote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
