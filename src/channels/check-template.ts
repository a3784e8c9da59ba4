import type { Wording } from "../otp/ports.ts";
import type { MessageTemplate } from "../otp/types.ts";
import { ownVariables, textsOf } from "./check-wording.ts";
import { alwaysHas, messageProblem, variablesOf } from "./message-format.ts";
import { measure } from "./segments.ts";
import { maxRetrieverBytes } from "./sms.ts";
import { textMessage, word } from "./wording.ts";

/** `setting` is the one of the template, such as `text` or `variables.product`. */
export type TemplateProblem = { readonly setting: string; readonly message: string };

/** What a text depends on besides the text. */
export type Owner = { readonly displayName: string; readonly codeLength: number; readonly lifetimeMs: number };

/** What keeps a template from being used, all at once. */
export function templateProblems(template: MessageTemplate, owner: Owner): readonly TemplateProblem[] {
  const texts = textsOf(template);
  const malformed = texts.flatMap(([setting, text]) => problem(setting, messageProblem(text, template.locale)));
  if (malformed.length > 0) return malformed;
  const strange = [...texts.flatMap(([setting, text]) => unknownVariables(template, setting, text)), ...uselessVariables(template)];
  if (strange.length > 0) return strange;
  return [...texts.flatMap(([setting, text]) => checkCode(template, setting, text)), ...checkSegments(template, owner)];
}

/** What works less well than it could. */
export function templateWarnings(
  template: MessageTemplate,
  owner: Owner & { readonly autofill: { readonly androidAppHashes: readonly string[] } },
): readonly TemplateProblem[] {
  if (template.channel === "voice" || template.channel === "email") return [];
  const wordings = longest(template, owner);
  const at = Math.max(...wordings.map((wording) => textMessage(word(template.channel, wording)).indexOf(wording.code)));
  const bytes = Math.max(...wordings.map((wording) => Buffer.byteLength(textMessage(word(template.channel, wording))))) + 12;
  const hidden =
    at > shownFirst ? `has its code behind ${at} characters, where a notification may not show it: begin with {code}` : undefined;
  const unread =
    template.channel === "sms" && owner.autofill.androidAppHashes.length > 0 && bytes > maxRetrieverBytes
      ? `has up to ${bytes} bytes with the hash of an app, and Android reads at most ${maxRetrieverBytes}: the hash will be left out`
      : undefined;
  return [...problem("text", hidden), ...problem("text", unread)];
}

/** Characters of a message that any phone shows in a notification. */
const shownFirst = 30;

const problem = (setting: string, message: string | undefined): TemplateProblem[] => (message === undefined ? [] : [{ setting, message }]);

function unknownVariables(template: MessageTemplate, setting: string, text: string): TemplateProblem[] {
  const known = [...ownVariables, ...Object.keys(template.variables)];
  return variablesOf(text, template.locale)
    .filter((name) => !known.includes(name))
    .map((name) => ({ setting, message: `has {${name}}, which is unknown: write one of ${known.join(", ")}, or add it to variables` }));
}

function uselessVariables(template: MessageTemplate): TemplateProblem[] {
  const used = textsOf(template).flatMap(([, text]) => variablesOf(text, template.locale));
  return Object.keys(template.variables).flatMap((name) => {
    const setting = `variables.${name}`;
    if ((ownVariables as readonly string[]).includes(name)) return problem(setting, "is a variable of every text: leave it out here");
    return used.includes(name) ? [] : problem(setting, "is in none of the texts: leave it out");
  });
}

/** In every text that people read, whatever its plurals and selects choose, and in none that is logged on the way or spoken apart. */
function checkCode({ locale }: MessageTemplate, setting: string, text: string): TemplateProblem[] {
  const mentioned = variablesOf(text, locale).includes("code");
  if (setting === "text" || setting === "html") {
    if (!mentioned) return problem(setting, "has no {code}: begin with it");
    return alwaysHas(text, locale, "code")
      ? []
      : problem(setting, "has {code} in some of its plurals and selects only: write it in all of them");
  }
  const why = setting === "subject" ? "mail servers log subjects" : "it is spoken between the two, digit by digit";
  return mentioned ? problem(setting, `has {code}: leave it out, since ${why}`) : [];
}

function checkSegments(template: MessageTemplate, owner: Owner): TemplateProblem[] {
  if (template.channel !== "sms") return [];
  const texts = longest(template, owner).map((wording) => textMessage(word("sms", wording)));
  const [worst] = texts.map((text) => ({ text, ...measure(text) })).toSorted((a, b) => b.segments - a.segments || b.units - a.units);
  if (!worst || worst.segments <= template.maxSegments) return [];
  const size = `takes ${worst.segments} segments at its longest (${worst.units} ${worst.encoding} characters, ${worst.unitsPerSegment} a segment)`;
  return problem("text", `${size}${becauseOf(worst.text)}: shorten it, or set maxSegments to ${worst.segments}`);
}

/** Few characters are likely a slip, such as a typographic apostrophe; many are the script of the language. */
function becauseOf(text: string): string {
  const outside = [...new Set(text)].filter((character) => measure(character).encoding === "UCS-2");
  if (outside.length === 0) return "";
  const named = outside
    .slice(0, 3)
    .map((character) => `${character} (U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")})`);
  return `, because GSM-7 has no ${named.join(", ")}${outside.length > 3 ? " and others" : ""}`;
}

/** Everything at its longest, once for each grammatical number that a time can have. */
function longest(template: MessageTemplate, { displayName, codeLength, lifetimeMs }: Owner): readonly Wording[] {
  const times = [1, 2, 3, 5, 11, 21, 59].flatMap((count) => [count * 1000, count * 60_000]).filter((time) => time <= lifetimeMs);
  const variables = Object.fromEntries(Object.entries(template.variables).map(([name, max]) => [name, "n".repeat(max)]));
  return [...times, lifetimeMs].map((time) => ({
    application: { displayName, defaultLocale: template.locale, templates: [template] },
    recipient: { kind: template.channel === "email" ? "email" : "phone", value: "" },
    code: sampleCode.slice(0, codeLength),
    purpose: template.purpose ?? "",
    binding: needsBinding(template) ? sampleBinding : {},
    locale: template.locale,
    variables,
    autofill: {},
    lifetimeMs: time,
  }));
}

/** As long as a code can be, and in no text by chance. */
export const sampleCode = "4829136057";

export const sampleBinding = { amount: "1,234.56 EUR", payee: "Example Payee Ltd" } as const;

export const needsBinding = (template: MessageTemplate): boolean =>
  textsOf(template).some(([, text]) => variablesOf(text, template.locale).includes("details"));
