import { parseArgs } from "node:util";
import { guess } from "../config/problem.ts";
import { UsageError } from "./command.ts";

/** With `value`, its placeholder, the option takes one; without, it is a flag. */
export type Option = {
  readonly about: string;
  readonly value?: string;
  readonly fallback?: string;
  readonly choices?: readonly string[];
  /** The value is a whole number, of these at least and at most. */
  readonly range?: readonly [number, number];
  /** The value names a file. */
  readonly file?: boolean;
  /** May be given more than once. */
  readonly many?: boolean;
};
export type Options = Readonly<Record<string, Option>>;

/** Required ones come before those that are not. */
export type Operand = {
  readonly name: string;
  readonly about: string;
  readonly optional?: boolean;
  readonly choices?: readonly string[];
  readonly file?: boolean;
};

type ValueOf<O extends Option> = O extends { value: string }
  ? O extends { many: true }
    ? readonly string[]
    : O extends { fallback: string }
      ? string
      : string | undefined
  : boolean;

export type Given<O extends Options> = {
  /** As many as are required, at least. */
  readonly operands: readonly string[];
  readonly options: { readonly [Name in keyof O]: ValueOf<O[Name]> };
};

export type Syntax = { readonly operands: readonly Operand[]; readonly options: Options };

/** Throws a `UsageError` with what to write instead. */
export function readArguments<O extends Options>({ operands, options }: Syntax, args: readonly string[]): Given<O> {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: Object.fromEntries(Object.entries(options).map(([name, { value, many }]) => [name, formOf(value, many)])),
  });
  for (const token of tokens) if (token.kind === "option") checkOption(token, options);
  checkOperands(positionals, operands);
  const read = Object.entries(options).map(([name, option]) => [name, readValue(values[name], option)]);
  return { operands: positionals, options: Object.fromEntries(read) };
}

const formOf = (value: string | undefined, many = false) => ({
  type: value === undefined ? ("boolean" as const) : ("string" as const),
  multiple: many,
});

function readValue(given: unknown, { value, many, fallback }: Option): unknown {
  if (value === undefined) return given === true;
  return given ?? (many ? [] : fallback);
}

type OptionToken = {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
};

function checkOption({ name, rawName, value, inlineValue }: OptionToken, options: Options): void {
  const option = Object.hasOwn(options, name) && rawName.startsWith("--") ? options[name] : undefined;
  if (!option)
    throw new UsageError(
      `Unknown option '${rawName}'${didYouMean(
        rawName,
        Object.keys(options).map((each) => `--${each}`),
      )}`,
    );
  if (option.value === undefined) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value.`);
    return;
  }
  // `--file --json` is rather a value forgotten than a file of that name, which can be written --file=--json.
  if (value === undefined || (!inlineValue && value.startsWith("--")))
    throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value}.`);
  checkValue(rawName, value, option);
}

function checkValue(name: string, value: string, { choices, range }: Option): void {
  if (choices && !choices.includes(value)) throw new UsageError(`${name} is ${oneOf(choices)}.`);
  if (!range) return;
  const [least, most] = range;
  if (!/^\d{1,15}$/.test(value) || Number(value) < least || Number(value) > most)
    throw new UsageError(`${name} is a whole number, ${least} to ${most}.`);
}

function checkOperands(given: readonly string[], operands: readonly Operand[]): void {
  // Not repeated: it may be a key that was to be read from standard input.
  if (operands.length === 0 && given.length > 0) throw new UsageError("This command takes no arguments, only options.");
  const missing = operands.slice(given.length).filter(({ optional }) => !optional);
  if (missing.length > 0) throw new UsageError(`${missing.map(({ name, about }) => `${name} is missing: ${about}`).join("\n")}`);
  if (given.length > operands.length) throw new UsageError(`Unexpected argument '${given[operands.length]}'.`);
  for (const [index, { name, choices }] of operands.entries()) {
    const value = given[index];
    if (value !== undefined && choices && !choices.includes(value)) throw new UsageError(`${name} is ${oneOf(choices)}.`);
  }
}

const oneOf = (choices: readonly string[]): string => (choices.length < 3 ? choices.join(" or ") : `one of ${choices.join(", ")}`);

function didYouMean(unknown: string, known: readonly string[]): string {
  const meant = guess(unknown, known);
  return meant === undefined ? "." : `; did you mean ${meant}?`;
}
