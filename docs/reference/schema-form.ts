import { code } from "./markdown.ts";

/** What is used of JSON Schema. */
export type Schema = {
  /** Only where a form holds itself: any JSON. */
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
};
export type Form = string;

/** What kind of value to write, in a few words. */
export function formOf(schema: Schema): Form {
  if (isSecret(schema)) return "secret";
  if (schema.$ref !== undefined) return "any JSON";
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return [...new Set(options.map((option) => formOf(option)))].join(" or ");
  if (schema.const !== undefined) return code(String(schema.const));
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(", ");
  if (schema.type === "array") return `list of ${plural(formOf(schema.items ?? {}))}`;
  return names[schema.type ?? ""] ?? "any value";
}

const names: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "`true` or `false`",
  object: "group",
  null: "null",
};

const plural = (form: Form): string => (/^(text|secret|group|whole number|number)$/.test(form) ? `${form}s` : form);

/** A text that may also stand in a file or in a variable. */
const isSecret = ({ anyOf }: Schema): boolean => anyOf?.some(({ properties }) => properties?.file !== undefined) === true;

/** The group that a setting is, or may be. */
export function objectIn(schema: Schema): Schema | undefined {
  if (isSecret(schema)) return undefined;
  if (schema.type === "object") return schema;
  return schema.anyOf?.find(({ type }) => type === "object");
}

/** The variants of a group, each with the setting that tells it from the others. */
export const optionsIn = (schema: Schema): { name: string; value: string; schema: Schema }[] =>
  (schema.oneOf ?? schema.anyOf ?? []).flatMap((option) => {
    const [name, told] = Object.entries(option.properties ?? {}).find(([, property]) => property.const !== undefined) ?? [];
    return name === undefined ? [] : [{ name, value: String(told?.const), schema: option }];
  });

/** Bounds of a number or of a list; of a text, what to write. */
export function rangeOf({ type, items, description = "", ...schema }: Schema): string {
  if (type === "array") return bounds(schema.minItems, schema.maxItems);
  if (type === "integer" || type === "number") {
    return schema.exclusiveMinimum === undefined
      ? bounds(schema.minimum, schema.maximum)
      : `above ${schema.exclusiveMinimum}, up to ${schema.maximum}`;
  }
  return type === "string" && !schema.enum ? description : "";
}

const bounds = (min: number | undefined, max: number | undefined): string => (max === undefined ? "" : `${min ?? 0} to ${max}`);

/** A default as it would be written; long ones by their size. */
export function shown({ default: value, properties }: Schema): string {
  if (value === undefined) return "optional";
  const text = JSON.stringify(value);
  if (text === "{}" && properties) return "as below";
  return text.length <= 80
    ? code(typeof value === "string" ? value : text)
    : `${Array.isArray(value) ? value.length : "several"}, as in the sample`;
}
