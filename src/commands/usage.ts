import type { Command } from "./command.ts";
import type { Operand, Option } from "./read-arguments.ts";
import { wrapWords } from "./wrap.ts";

export const optionForm = (name: string, { value, choices }: Option): string =>
  value === undefined ? `--${name}` : `--${name} ${choices ? choices.join("|") : value}`;

export const operandForm = ({ name, optional }: Operand): string => (optional ? `[${name}]` : name);

/** What is said of an option, with what it may be. */
export const aboutOption = ({ about, range, fallback, many }: Option): string =>
  [
    about,
    ...(range ? [`${range[0]} to ${range[1]}.`] : []),
    ...(fallback === undefined ? [] : [`Default: ${fallback}.`]),
    ...(many ? ["May be given more than once."] : []),
  ].join(" ");

/** `lock`, `APPLICATION`, `RECIPIENT`, `[--config FILE]`, `[--json]` */
export const usageOf = ({ name, operands = [], options }: Command): readonly string[] => [
  name,
  ...operands.map(operandForm),
  ...Object.entries(options).map(([option, form]) => `[${optionForm(option, form)}]${form.many ? "…" : ""}`),
];

export const usageLine = (command: Command): string => wrapWords(["Usage:", "countersign", ...usageOf(command)], 4, 0);
