import { z } from "zod";
import { checked, choice, flag, list, text, whole } from "./forms.ts";
import { locale, purpose } from "./shared-forms.ts";

/** A text in ICU MessageFormat. What its variables and its length make of it is for `wording-checks.ts` to say. */
const message = (what: string, max: number) => {
  const write = `${what} in ICU MessageFormat, 1 to ${max} characters`;
  return checked(write, (value) => {
    if (value.trim() === "") return `is empty: write ${write}`;
    if (value.length > max) return `has ${value.length} characters: write ${write}`;
    if (/[^\P{Cc}\n\r\t]|[\p{Cs}\u202a-\u202e]/u.test(value)) return "has a control character or direction override: write it without";
    return undefined;
  });
};

const common = {
  purpose: purpose.optional(),
  locale,
  variables: z
    .record(
      text("a name of 1 to 32 letters, digits and _, a letter first", /^[A-Za-z][A-Za-z0-9_]{0,31}$/),
      whole("the characters a value may have", 1, 140),
    )
    .meta({ description: "values that callers give as template_variables, or in the binding, and how many characters each may have" })
    .default({}),
  allowLinks: flag("Such a value may hold a link").default(false),
};

const line = (what: string, max: number) =>
  text(`${what}, 1 to ${max} characters in one line`, new RegExp(`^[^\\p{C}\\p{Zl}\\p{Zp}]{1,${max}}$`, "u"));

export const templateSettings = z.discriminatedUnion(
  "channel",
  [
    z.strictObject({
      channel: z.literal("sms"),
      ...common,
      text: message("the text message", 1000),
      maxSegments: whole("the segments that a message may take, each paid for", 1, 6).default(1),
    }),
    z.strictObject({ channel: choice("whatsapp", "push"), ...common, text: message("the message", 1000) }),
    z.strictObject({
      channel: z.literal("voice"),
      ...common,
      before: message("what is said before the code", 500),
      after: message("what is said after the code", 500),
    }),
    z.strictObject({
      channel: z.literal("email"),
      ...common,
      subject: message("the subject, without the code,", 150),
      text: message("the plain text", 10_000),
      html: message("the HTML between the tags of its body", 50_000).optional(),
      fromName: line("the name that the mail is from", 60).optional(),
    }),
  ],
  { error: (issue) => (issue.code === "invalid_union" ? "write one of sms, voice, email, whatsapp, push" : undefined) },
);

export const wordingSettings = z.strictObject({
  path: text("the path of a folder with YAML files, each a list of templates", /^[^\p{Cc}]{1,4096}$/u).optional(),
  templates: list(templateSettings, { min: 0, max: 500, write: "templates" }).default([]),
});
