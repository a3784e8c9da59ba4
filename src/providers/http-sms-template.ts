import type { Message } from "../otp/ports.ts";

/** What a template may ask for, and where it may not stand. */
export const placeholders = [
  "to",
  "to_digits",
  "text",
  "code",
  "sender",
  "delivery_id",
  "challenge_id",
  "locale",
  "purpose",
  "entity_id",
  "template_id",
] as const;
export type Placeholder = (typeof placeholders)[number];
export type Values = Readonly<Partial<Record<Placeholder | `secrets.${string}`, string>>>;

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Names in braces, in the order they stand; undefined when a brace stands by itself. */
export function namesIn(template: string): readonly string[] | undefined {
  const names = [...template.matchAll(pattern)].map(([, name = ""]) => name);
  return /[{}]/.test(template.replace(pattern, "")) ? undefined : names;
}

const pattern = /\{([^{}]*)\}/g;

/** In one pass: a value that has braces in it is not a template. */
export const fill = (template: string, values: Values): string =>
  template.replace(pattern, (_whole, name: Placeholder) => (Object.hasOwn(values, name) ? (values[name] ?? "") : ""));

/** Values are put into the texts of the tree; that the whole is then written as JSON escapes them. */
export function fillJson(template: Json, values: Values): Json {
  if (typeof template === "string") return fill(template, values);
  if (isList(template)) return template.map((item) => fillJson(item, values));
  if (typeof template !== "object" || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([name, item]) => [name, fillJson(item, values)]));
}

/** Every text of a tree, and every name. */
export function textsOf(template: Json): { readonly texts: readonly string[]; readonly names: readonly string[] } {
  if (typeof template === "string") return { texts: [template], names: [] };
  if (typeof template !== "object" || template === null) return { texts: [], names: [] };
  const children = Object.values(template).map(textsOf);
  return {
    texts: children.flatMap(({ texts }) => texts),
    names: [...(isList(template) ? [] : Object.keys(template)), ...children.flatMap(({ names }) => names)],
  };
}

/** For forms and queries. */
export const fillFields = (fields: Readonly<Record<string, string>>, values: Values): string =>
  new URLSearchParams(Object.fromEntries(Object.entries(fields).map(([name, template]) => [name, fill(template, values)]))).toString();

/** A header ends at a line break, and what follows is the next; no value here has any use for one, or for other than visible ASCII. */
export const fillHeader = (template: string, values: Values): string => fill(template, values).replace(/[^\x20-\x7e]+/g, "");

export type Filling = {
  readonly sender?: string | undefined;
  readonly entityId?: string | undefined;
  readonly templateId?: string | undefined;
  readonly secrets: Readonly<Record<string, string>>;
};

export function valuesOf(message: Message, { sender, entityId, templateId, secrets }: Filling): Values {
  return {
    to: message.to,
    to_digits: message.to.replace(/\D/g, ""),
    text: message.text,
    code: message.code,
    sender: sender ?? "",
    delivery_id: message.deliveryId,
    challenge_id: message.challengeId,
    locale: message.locale,
    purpose: message.purpose ?? "",
    entity_id: entityId ?? "",
    template_id: templateId ?? "",
    ...Object.fromEntries(Object.entries(secrets).map(([name, value]) => [`secrets.${name}`, value])),
  };
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
