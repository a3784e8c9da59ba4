import { parseArgs } from "node:util";
import type { PreviewRequest } from "../channels/preview.ts";
import { formatProblem } from "../config/problem.ts";
import { canonicalLocale } from "../config/shared-forms.ts";
import type { Application, Channel } from "../otp/types.ts";
import { type Command, exitCodes, UsageError } from "./command.ts";
import { printPreviews } from "./print-previews.ts";

export const preview: Command = {
  usage:
    "preview [FILE] [--application ID] [--purpose P] [--channel C] [--locale L] [--binding NAME=VALUE] [--variable NAME=VALUE] [--autofill] [--html FILE] [--json]",
  summary:
    "Print messages as they would be sent, with sample values, and what they cost: those that the configuration names, or of every application and channel.",
  async run(args, io) {
    const { values, positionals } = parseOptions(args);
    if (positionals.length > 1) throw new UsageError("Name one file.");
    const { loadConfig } = await import("../config/load.ts");
    const loaded = loadConfig({ env: io.env, ...(positionals[0] !== undefined && { file: positionals[0] }) });
    if (!loaded.ok) {
      io.stderr(loaded.problems.map((problem) => `${formatProblem(problem)}\n`).join(""));
      return exitCodes.failed;
    }
    const { previewMessage } = await import("../channels/preview.ts");
    const requests = requestsOf(loaded.config.applications, values);
    return printPreviews(
      requests.map((request) => ({ request, made: previewMessage(request) })),
      values,
      io,
    );
  },
};

const parseOptions = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      application: { type: "string" },
      purpose: { type: "string" },
      channel: { type: "string" },
      locale: { type: "string" },
      binding: { type: "string", multiple: true },
      variable: { type: "string", multiple: true },
      autofill: { type: "boolean" },
      html: { type: "string" },
      json: { type: "boolean" },
    },
  });

type Options = ReturnType<typeof parseOptions>["values"];

/** What is not named by an option is gone through. */
function requestsOf(applications: readonly Application[], { application: id, channel, locale, ...values }: Options): PreviewRequest[] {
  if (locale !== undefined && canonicalLocale(locale) === undefined)
    throw new UsageError("--locale is a BCP 47 language tag, such as de or de-CH.");
  const common = {
    binding: pairs("--binding", values.binding),
    variables: pairs("--variable", values.variable),
    autofill: values.autofill === true,
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

function pairs(option: string, texts: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf("=");
      if (at < 1) throw new UsageError(`${option} is NAME=VALUE.`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
