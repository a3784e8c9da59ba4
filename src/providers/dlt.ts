import { z } from "zod";
import type { Message } from "../otp/ports.ts";
import { checkedText, locale } from "./vendor-forms.ts";

/** What a variable may stand for (https://msg91.com/help/dlt-registration-in-india/variable-tagging-on-dlt-sms-templates). */
const variables: ReadonlyMap<string, Variable> = new Map([
  ["{#var#}", { max: 30, character: /./su }],
  ["{#numeric#}", { max: 30, character: /[0-9]/ }],
  ["{#alphanumeric#}", { max: 40, character: /[\p{L}\p{M}\p{N} ]/u }],
]);
type Variable = { readonly max: number; readonly character: RegExp };
const variable = /(\{#[^{}]*#\})/;

const registeredId = (what: string) => checkedText(`the ${what} as registered: 6 to 30 digits, in quotes`, /^\d{6,30}$/);
const headerForm = "a sender id as registered: 3 to 11 letters, digits or hyphens";
const header = checkedText(headerForm, /^[A-Za-z0-9-]{3,11}$/);

const textForm = `the text as registered, with ${[...variables.keys()].join(", ")} for what changes, which may not be all of it`;

function isTemplateText(text: string): boolean {
  const parts = text.split(variable);
  const fixed = parts.filter((part) => !variable.test(part));
  return (
    parts.every((part) => variables.has(part) || fixed.includes(part)) &&
    fixed.some((part) => /\S/.test(part)) &&
    fixed.every((part) => !/\{#|#\}/.test(part))
  );
}

const template = z.strictObject({
  templateId: registeredId("template's id"),
  header: header.optional(),
  locale: locale.optional(),
  purpose: checkedText("a purpose of 1 to 64 characters of a-z 0-9 _ . -", /^[a-z0-9_.-]{1,64}$/).optional(),
  text: z
    .string({ error: `write ${textForm}` })
    .min(1, `write ${textForm}`)
    .max(2000, `write ${textForm}, at most 2000 characters`)
    .refine(isTemplateText, `write ${textForm}`)
    .meta({ description: textForm }),
});

/** What India's operators were told of their customers' messages; they drop what does not match. */
export const dltConfig = z.strictObject({
  entityId: registeredId("principal entity's id"),
  senderId: header.optional(),
  templates: z.array(template, { error: "write a list of 1 to 500 templates" }).min(1, "write a list of 1 to 500 templates").max(500, {
    error: "write a list of 1 to 500 templates",
  }),
});

export type DltConfig = z.output<typeof dltConfig>;
export type DltTemplate = DltConfig["templates"][number];

/** The first registered template that reads like the text, or the ids of those that were compared with it. */
export function findTemplate(
  { text, locale: tag, purpose }: Pick<Message, "text" | "locale" | "purpose">,
  { templates }: DltConfig,
): DltTemplate | { readonly tried: readonly string[] } {
  const candidates = templates.filter(
    (each) => (each.purpose === undefined || each.purpose === purpose) && (each.locale === undefined || isUnder(tag, each.locale)),
  );
  return candidates.find((each) => reads(text, each.text)) ?? { tried: candidates.map(({ templateId }) => templateId) };
}

function isUnder(tag: string, range: string): boolean {
  return `${tag.toLowerCase()}-`.startsWith(`${range.toLowerCase()}-`);
}

/**
 * Whether the text is the template with something in place of each variable. All places where the template may have got to are
 * followed at once: a regular expression would try every combination of lengths, one after the other.
 */
function reads(text: string, templateText: string): boolean {
  const characters = [...text];
  let places: ReadonlySet<number> = new Set([0]);
  for (const part of templateText.split(variable)) {
    const kind = variables.get(part);
    places = kind ? skip(characters, places, kind) : follow(characters, places, [...part]);
  }
  return places.has(characters.length);
}

const follow = (text: readonly string[], places: ReadonlySet<number>, words: readonly string[]): ReadonlySet<number> =>
  new Set([...places].filter((place) => words.every((each, index) => text[place + index] === each)).map((place) => place + words.length));

function skip(text: readonly string[], places: ReadonlySet<number>, { max, character }: Variable): ReadonlySet<number> {
  const after = new Set<number>();
  for (const start of places) {
    for (let place = start; place - start < max && character.test(text[place] ?? ""); place += 1) after.add(place + 1);
  }
  return after;
}
