import type { PreviewRequest } from "../channels/preview.ts";
import { canonicalLocale } from "../config/shared-forms.ts";
import type { Application, Channel } from "../otp/types.ts";
import { UsageError } from "./command.ts";
import { defineCommand } from "./define-command.ts";
import { loadConfiguration } from "./load-configuration.ts";
import { printPreviews } from "./print-previews.ts";
import type { Given } from "./read-arguments.ts";

const options = {
  application: { value: "ID", about: "Only this application's." },
  purpose: { value: "PURPOSE", about: "Only those for it." },
  channel: { value: "CHANNEL", about: "Only this channel's, such as sms or email." },
  locale: { value: "LOCALE", about: "In this language, such as de or de-CH." },
  binding: { value: "NAME=VALUE", many: true, about: "What the code is bound to, instead of a sample." },
  variable: { value: "NAME=VALUE", many: true, about: "A value of a template, instead of a sample." },
  autofill: { about: "With the lines by which phones fill in the code." },
  html: { value: "FILE", file: true, about: "Write the HTML of one email there." },
  json: { about: "Print JSON, and tell failures as JSON." },
} as const;

export const preview = defineCommand({
  name: "preview",
  group: "Write a configuration",
  summary: "Print messages as they would be sent, and what they cost.",
  details: "With sample values: every message of the configuration, or those that the options name.",
  operands: [{ name: "FILE", about: "The configuration; without it, the one of the environment.", optional: true, file: true }],
  options,
  json: "A list of `{application, channel, purpose, locale, source, text, size?, …}`; one that would be refused has `violations: [{field, description}]` in place of the text.",
  fails: "A message would be refused.",
  examples: ["preview countersign.yaml --channel sms", "preview --purpose payment --binding 'amount=5 EUR'"],
  async run({ operands: [file], options: values }, io) {
    const config = await loadConfiguration(file === undefined ? io : { ...io, env: { ...io.env, COUNTERSIGN_CONFIG: file } });
    if (typeof config === "number") return config;
    const { previewMessage } = await import("../channels/preview.ts");
    const requests = requestsOf(config.applications, values);
    return printPreviews(
      requests.map((request) => ({ request, made: previewMessage(request) })),
      values,
      io,
    );
  },
});

type Values = Given<typeof options>["options"];

/** What is not named by an option is gone through. */
function requestsOf(applications: readonly Application[], { application: id, channel, locale, ...values }: Values): PreviewRequest[] {
  if (locale !== undefined && canonicalLocale(locale) === undefined)
    throw new UsageError("--locale is a BCP 47 language tag, such as de or de-CH.");
  const common = {
    binding: pairs("--binding", values.binding),
    variables: pairs("--variable", values.variable),
    autofill: values.autofill,
  };
  const chosen = applications.filter((application) => id === undefined || application.id === id);
  const requests = chosen.flatMap((application) =>
    purposesOf(application, values.purpose).flatMap((purpose) =>
      application.channels
        .filter((each) => channel === undefined || each === channel)
        .flatMap((each) =>
          localesOf(application, { channel: each, purpose, locale }).map((tag) => ({
            ...common,
            application,
            channel: each,
            purpose,
            locale: tag,
          })),
        ),
    ),
  );
  if (requests.length > 0) return requests;
  const known = applications.map((application) => `${application.id} (${purposesOf(application, undefined)}; ${application.channels})`);
  throw new UsageError(`No message is like that. Applications with their purposes and channels: ${known.join("; ")}.`);
}

function purposesOf({ purposes, defaultPurpose }: Application, wanted: string | undefined): readonly string[] {
  if (purposes === "any") return [wanted ?? defaultPurpose];
  return purposes.filter((purpose) => wanted === undefined || purpose === wanted);
}

/** The language of the application, and those that it has texts of its own in. */
function localesOf(
  application: Application,
  wanted: { channel: Channel; purpose: string; locale?: string | undefined },
): readonly string[] {
  if (wanted.locale !== undefined) return [wanted.locale];
  const own = (application.templates ?? []).filter(
    ({ channel, purpose }) => channel === wanted.channel && (purpose === undefined || purpose === wanted.purpose),
  );
  return [...new Set([application.defaultLocale, ...own.map(({ locale }) => locale)])];
}

function pairs(option: string, texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw new UsageError(`${option} is NAME=VALUE.`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
