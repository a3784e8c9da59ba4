import { z } from "zod";
import { once } from "./forms.ts";
import { isGroup, schemaAt, valueAt } from "./schema-at.ts";

/** Settings of which any part may be missing. */
export type Salvaged<T> = T extends readonly (infer Item)[]
  ? readonly (Salvaged<Item> | undefined)[]
  : T extends object
    ? { readonly [Name in keyof T]?: Salvaged<T[Name]> }
    : T;

/** The parts of a document that are right by themselves, so that one mistyped number does not hide what is wrong elsewhere. */
export function salvage<Output>(schema: z.ZodType<Output>, document: unknown): Salvaged<Output> | undefined {
  return salvageAny(schema, document) as Salvaged<Output> | undefined;
}

function salvageAny(schema: z.core.$ZodType, value: unknown): unknown {
  const parsed = z.safeParse(schema, value, once);
  if (parsed.success) return parsed.data;
  const group = schemaAt(schema, value, []);
  if (group instanceof z.ZodArray && Array.isArray(value)) return value.map((item) => salvageAny(group.def.element, item));
  if (group instanceof z.ZodObject && isGroup(value ?? {})) {
    return mapEntries(group.shape, (child, name) => salvageAny(child, valueAt(value, [name])));
  }
  if (group instanceof z.ZodRecord && isGroup(value)) return mapEntries(value, (item) => salvageAny(group.def.valueType, item));
  return undefined;
}

const mapEntries = <Value>(group: Readonly<Record<string, Value>>, map: (value: Value, name: string) => unknown) =>
  Object.fromEntries(Object.entries(group).map(([name, value]) => [name, map(value, name)]));
