import type { UncheckedWording } from "../otp/ports.ts";
import type { FieldViolation } from "../otp/refusal.ts";
import type { Channel, MessageTemplate } from "../otp/types.ts";
import { hasLink } from "./display-text.ts";
import { findText } from "./find-text.ts";
import { variablesOf } from "./message-format.ts";

/** What every text can say without the caller's help, but for {details}, which needs a binding. */
export const ownVariables = ["code", "app", "lifetime", "minutes", "details"] as const;

/** What the text of a message needs of its caller and did not get, or must not show. */
export function checkWording(channel: Channel, send: UncheckedWording): readonly FieldViolation[] {
  const { template } = findText(channel, send);
  return template ? checkTemplateValues(template, send) : [];
}

export function checkTemplateValues(template: MessageTemplate, send: UncheckedWording): readonly FieldViolation[] {
  return namesIn(template).flatMap((name) => {
    const violation = isOwn(name) ? checkDetails(name, send) : checkVariable(name, template, send);
    return violation ?? [];
  });
}

/** The texts of a template, by the setting that holds each. */
export function textsOf(template: MessageTemplate): readonly (readonly [setting: string, text: string])[] {
  switch (template.channel) {
    case "voice":
      return [
        ["before", template.before],
        ["after", template.after],
      ];
    case "email": {
      const { subject, text, html } = template;
      return [["subject", subject], ["text", text], ...(html === undefined ? [] : ([["html", html]] as const))];
    }
    default:
      return [["text", template.text]];
  }
}

const namesIn = (template: MessageTemplate): readonly string[] => [
  ...new Set(textsOf(template).flatMap(([, text]) => variablesOf(text, template.locale))),
];

const isOwn = (name: string): boolean => (ownVariables as readonly string[]).includes(name);

function checkDetails(name: string, { binding }: UncheckedWording): FieldViolation | undefined {
  if (name !== "details" || Object.keys(binding).length > 0) return undefined;
  return { field: "binding", description: "the wording of this purpose shows what the code confirms: give it here" };
}

/** A value of the binding may be named like a variable: it is shown whole, and its links are broken. */
function checkVariable(name: string, template: MessageTemplate, { binding, variables }: UncheckedWording): FieldViolation | undefined {
  if (Object.hasOwn(binding, name)) return undefined;
  const field = `template_variables["${name}"]`;
  const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (value === undefined) return { field, description: "the wording of this purpose needs it: give it here, or in the binding" };
  const max = template.variables[name] ?? 0;
  const length = [...value].length;
  if (length > max) return { field, description: `at most ${max} characters, please; these are ${length}` };
  if (hasLink(value) && !template.allowLinks)
    return { field, description: "has a link, which this wording does not allow; write a space behind a dot that is none" };
  return undefined;
}
