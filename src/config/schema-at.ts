import { z } from "zod";
import type { Path } from "./problem.ts";

/** The schema of the setting at a path of this document; undefined where nothing is known by that name. */
export function schemaAt(schema: z.core.$ZodType, document: unknown, path: Path): z.core.$ZodType | undefined {
  const [part, ...rest] = path;
  const here = unwrap(schema, document);
  if (part === undefined) return here;
  const child = here && childOf(here, part);
  return child && schemaAt(child, valueAt(document, [part]), rest);
}

/** The names a group knows; none where names are free, or for what is not a group. */
export function knownNames(schema: z.core.$ZodType | undefined): readonly string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

export function valueAt(document: unknown, path: Path): unknown {
  let value = document;
  for (const part of path) value = isContainer(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  return value;
}

export const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isContainer = (value: unknown): value is Record<string | number, unknown> => typeof value === "object" && value !== null;

function unwrap(schema: z.core.$ZodType, value: unknown): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.def.innerType, value);
  }
  if (schema instanceof z.ZodPipe) return unwrap(schema.def.in, value);
  if (schema instanceof z.ZodDiscriminatedUnion) return optionOf(schema, value);
  if (schema instanceof z.ZodUnion && isGroup(value)) return schema.def.options.find((option) => option instanceof z.ZodObject) ?? schema;
  if (schema instanceof z.ZodUnion && Array.isArray(value))
    return schema.def.options.find((option) => option instanceof z.ZodArray) ?? schema;
  return schema;
}

/** The option of a union that the document chose by its discriminator. */
function optionOf(union: z.ZodDiscriminatedUnion, value: unknown): z.core.$ZodType | undefined {
  const { discriminator } = union.def;
  const chosen = valueAt(value, [discriminator]);
  for (const candidate of union.def.options) {
    const option = unwrap(candidate, value);
    if (option instanceof z.ZodObject && option.shape[discriminator]?.safeParse(chosen).success) return option;
  }
  return undefined;
}

function childOf(schema: z.core.$ZodType, part: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return Object.hasOwn(schema.shape, part) ? schema.shape[part] : undefined;
  if (schema instanceof z.ZodArray) return typeof part === "number" ? schema.def.element : undefined;
  if (schema instanceof z.ZodRecord) return schema.def.valueType;
  return undefined;
}
