import type { Command } from "./command.ts";

/** What can stand at a place: one of these words, a file, or what only the operator knows. */
export type Place = readonly string[] | "file" | "unknown";

export type CompletionModel = readonly {
  readonly name: string;
  readonly about: string;
  readonly options: readonly { readonly name: string; readonly about: string; readonly value?: Place }[];
  readonly operands: readonly Place[];
}[];

export function completionModel(commands: readonly Command[]): CompletionModel {
  const names = commands.map(({ name }) => name);
  return commands.map(({ name, summary, operands = [], options }) => ({
    name,
    about: summary,
    options: [
      ...Object.entries(options).map(([option, form]) => ({
        name: `--${option}`,
        about: form.about,
        ...(form.value !== undefined && { value: placeOf(form) }),
      })),
      { name: "--help", about: "Explain the command." },
    ],
    operands: operands.map((operand) => (operand.name === "COMMAND" ? names : placeOf(operand))),
  }));
}

/** `make-key --kind` and what can follow, for every option that takes a value. */
export const valuePlaces = (model: CompletionModel): readonly (readonly [string, Place])[] =>
  model.flatMap(({ name, options }) =>
    options.flatMap((option) => (option.value === undefined ? [] : [[`${name} ${option.name}`, option.value] as const])),
  );

const placeOf = ({ choices, file }: { readonly choices?: readonly string[]; readonly file?: boolean }): Place =>
  choices ?? (file ? "file" : "unknown");
