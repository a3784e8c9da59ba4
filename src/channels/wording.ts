import type { Wording } from "../otp/ports.ts";
import type { Channel, MessageTemplate } from "../otp/types.ts";
import { checkTemplateValues } from "./check-wording.ts";
import { displayText, escapeHtml, isolate, oneLine } from "./display-text.ts";
import { findLanguage, findText } from "./find-text.ts";
import { fallbackLanguage, isRightToLeft } from "./languages.ts";
import { render, type Values } from "./message-format.ts";
import type { Phrases } from "./phrases.ts";

/** A payee's name takes up to 70 characters (ISO 20022, SEPA). */
const maxValueLength = 70;

/** Part of what a code confirms. */
export type Detail = { readonly key: string; readonly name: string; readonly value: string };

export type Medium = "text" | "html" | "speech";

/** The text of one message, found and ready to be said; the channels only arrange it. */
export type Worded = {
  readonly locale: string;
  /** The same with the region that was asked for, which has a voice of its own. */
  readonly spoken: string;
  readonly rightToLeft: boolean;
  readonly template?: MessageTemplate;
  readonly phrases: Phrases;
  /** Fit to be shown as they are, except in HTML. */
  readonly details: readonly Detail[];
  say(message: string, medium: Medium): Said;
};

/** Values in the text are escaped for its medium. What the code confirms and the text does not show is left for the channel to add. */
export type Said = { readonly text: string; readonly unsaid: readonly Detail[] };

/** Never throws: a text of the application that cannot be said (its variables are not there) makes way for the one of the service. */
export function word(channel: Channel, wording: Wording): Worded {
  const { application, lifetimeMs } = wording;
  const found = findText(channel, wording);
  const usable = !found.template || checkTemplateValues(found.template, wording).length === 0;
  const { locale, wanted, template } = usable ? found : findText(channel, { ...wording, application: { ...application, templates: [] } });
  const rightToLeft = isRightToLeft(locale);
  const language = findLanguage(locale);
  const phrases = language?.phrases ?? fallbackLanguage.phrases;
  const lifetime = formatLifetime(locale, lifetimeMs);
  const valuesFor = (show: (text: string) => string) =>
    valuesOf({ wording, template, names: language?.phrases.names ?? {}, lifetime, show });
  const spoken = valuesFor(asItIs);
  const written = rightToLeft ? valuesFor(isolate) : spoken;
  return {
    locale,
    spoken: wanted,
    rightToLeft,
    template,
    phrases,
    details: written.details,
    say(message, medium) {
      const { values, details } = medium === "speech" ? spoken : written;
      const complete = template ? message : confirming(message, phrases, details);
      const { text, shown } = render(complete, locale, values, medium === "html" ? escapeHtml : asItIs);
      return { text, unsaid: shown.has("details") ? [] : details.filter(({ key }) => !shown.has(key)) };
    },
  };
}

/** What a text message reads like. What the code confirms appears in it, wherever a template does not name it. */
export function textMessage({ template, phrases, say }: Worded, kind: "sms" | "compact" = "sms"): string {
  const { text, unsaid } = say(template && "text" in template ? template.text.trim() : phrases[kind], "text");
  return [text, listDetails(unsaid)].filter(Boolean).join("\n");
}

export const listDetails = (details: readonly Detail[]): string => details.map(({ name, value }) => `${name} ${value}`).join(", ");

const asItIs = (text: string): string => text;

/** Put in as text, because it has a variable of its own. */
const confirming = (message: string, phrases: Phrases, details: readonly Detail[]): string =>
  message.replace("{confirming}", details.length === 0 ? "" : phrases.confirming);

type Source = {
  readonly wording: Wording;
  readonly template: MessageTemplate | undefined;
  readonly names: Readonly<Record<string, string>>;
  readonly lifetime: string;
  readonly show: (text: string) => string;
};

function valuesOf({ wording, template, names, lifetime, show }: Source): { readonly values: Values; readonly details: readonly Detail[] } {
  const { application, binding, code, variables, lifetimeMs } = wording;
  const own = Object.keys(template?.variables ?? {}).map((name) => [name, show(oneLine(variables[name] ?? ""))]);
  const details = Object.entries(binding)
    // Sorted, because a map on the wire has no order and the same request must read the same.
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ key, name: nameOf(key, names), value: show(displayText(value, maxValueLength)) }));
  const values = {
    ...Object.fromEntries(own),
    ...Object.fromEntries(details.map(({ key, value }) => [key, value])),
    code: show(code),
    app: show(oneLine(application.displayName)),
    lifetime,
    minutes: Math.max(1, Math.floor(lifetimeMs / 60_000)),
    details: listDetails(details),
  };
  return { values, details };
}

const nameOf = (key: string, names: Readonly<Record<string, string>>): string =>
  (Object.hasOwn(names, key) ? names[key] : undefined) ?? displayText(key.replaceAll("_", " "), 32);

/** Rounded down: a message must not promise time that the code does not have. Languages that we do not have are the runtime's. */
function formatLifetime(locale: string, lifetimeMs: number): string {
  const seconds = Math.max(1, Math.floor(lifetimeMs / 1000));
  const unit = seconds < 60 ? "second" : "minute";
  const count = seconds < 60 ? seconds : Math.floor(seconds / 60);
  const language = findLanguage(locale);
  if (language) return render(language.phrases[`${unit}s`], language.locale, { count }, asItIs).text;
  return oneLine(new Intl.NumberFormat(`${locale}-u-nu-latn`, { style: "unit", unit, unitDisplay: "long" }).format(count));
}
