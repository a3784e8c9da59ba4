import { IntlMessageFormat } from "intl-messageformat";

/** What the variables of a message stand for. Texts are shown by whoever renders, which escapes them; numbers choose plurals. */
export type Values = Readonly<Record<string, string | number>>;

export type Rendered = {
  readonly text: string;
  /** The variables whose value stands in the text; a plural or select may have left some out. */
  readonly shown: ReadonlySet<string>;
};

type Show = (value: string, name: string) => string;

/** Throws for what `messageProblem` finds, and when a variable has no value. */
export function render(message: string, locale: string, values: Values, show: Show): Rendered {
  const shown = new Set<string>();
  const parts = compile(message, locale).formatToParts<Shown>(wrap(values));
  const texts = parts.map(({ value }) => {
    if (typeof value === "string") return value;
    shown.add(value.name);
    return show(String(value), value.name);
  });
  return { text: texts.join(""), shown };
}

/** Every variable that the message names, also in the branches of plurals and selects. */
export const variablesOf = (message: string, locale: string): readonly string[] => [
  ...new Set(elementsOf(compile(message, locale)).flatMap((element) => (isVariable(element) ? [element.value] : []))),
];

/** Whether a variable is in the message whatever its plurals and selects choose. */
export function alwaysHas(message: string, locale: string, name: string): boolean {
  const says = (elements: readonly Element[]): boolean =>
    elements.some((element) =>
      "options" in element
        ? Object.values(element.options).every(({ value }) => says(value))
        : isVariable(element) && element.value === name,
    );
  return says(compile(message, locale).getAst());
}

/** Why a message cannot be used; undefined when it can. */
export function messageProblem(message: string, locale: string): string | undefined {
  try {
    const elements = elementsOf(compile(message, locale));
    const formatted = elements.find(isFormatted);
    if (formatted) return `has {${formatted.value}, ${formats[formatted.type]}}: values are texts, so leave the format out`;
    const quoted = elements.map((element) => (element.type === 0 ? /\{\s*\w+\s*[,}]/.exec(element.value)?.[0] : undefined)).find(Boolean);
    return quoted && `has ${quoted} as plain text: an apostrophe before a brace or angle bracket quotes what follows, so write it twice`;
  } catch (error) {
    return `is not ICU MessageFormat${whereOf(error)}`;
  }
}

/** A value that is still to be shown. Selects compare what it is as a text. */
type Shown = { readonly name: string; toString(): string };

function wrap(values: Values): Record<string, Shown | number> {
  const wrapped: Record<string, Shown | number> = Object.create(null);
  for (const [name, value] of Object.entries(values)) wrapped[name] = typeof value === "number" ? value : { name, toString: () => value };
  return wrapped;
}

/** Grows by what the configuration says, and by nothing that callers send. */
const compiled = new Map<string, IntlMessageFormat>();

/** In the digits of the code, which are 0 to 9 in every language. Angle brackets are HTML or plain text, not markup of the message. */
function compile(message: string, locale: string): IntlMessageFormat {
  const key = `${locale} ${message}`;
  const known = compiled.get(key);
  if (known) return known;
  const format = new IntlMessageFormat(message, `${locale}-u-nu-latn`, undefined, { ignoreTag: true });
  compiled.set(key, format);
  return format;
}

type Element = ReturnType<IntlMessageFormat["getAst"]>[number];

function elementsOf(format: { getAst(): readonly Element[] }): Element[] {
  const flatten = (elements: readonly Element[]): Element[] =>
    elements.flatMap((element) => [
      element,
      ...("options" in element ? Object.values(element.options).flatMap(({ value }) => flatten(value)) : []),
    ]);
  return flatten(format.getAst());
}

/** Numbers of the parser's `TYPE`, which is an enum of a package that we do not import. */
const formats: Readonly<Record<number, string>> = { 2: "number", 3: "date", 4: "time" };

const isFormatted = (element: Element): element is Extract<Element, { style?: unknown }> => element.type in formats;
const isVariable = (element: Element): element is Extract<Element, { value: string }> => [1, 5, 6].includes(element.type);

/** The parser's errors are constants such as EXPECT_ARGUMENT_CLOSING_BRACE, with the place. */
function whereOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const { message, location } = error as Error & { location?: { start: { line: number; column: number } } };
  const reason = message.toLowerCase().replaceAll("_", " ");
  return location ? ` at line ${location.start.line}, column ${location.start.column}: ${reason}` : `: ${reason}`;
}
