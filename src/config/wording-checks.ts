import { templateProblems, templateWarnings } from "../channels/check-template.ts";
import type { MessageTemplate } from "../otp/types.ts";
import type { ApplicationSettings } from "./application-settings.ts";
import type { Config } from "./config.ts";
import { once } from "./forms.ts";
import type { Explained } from "./issue.ts";
import { formatPath, type Problem } from "./problem.ts";
import { repeated } from "./repeated.ts";
import type { Salvaged } from "./salvage.ts";
import { canonicalLocale } from "./shared-forms.ts";
import { templateSettings } from "./wording-settings.ts";

type Application = Salvaged<ApplicationSettings>;

/** Texts of the applications' own: what nobody should have to find out by a message that was sent. */
export function checkWordings(applications: readonly (Application | undefined)[]): Explained[] {
  return applications.flatMap((application, at) => {
    const templates = (application?.wording?.templates ?? []).map((template) => templateSettings.safeParse(template, once).data);
    const problems = templates.flatMap((template, index) =>
      application && template
        ? checkTemplate(application, template).map(({ setting, message }) => ({ path: [index, ...setting.split(".")], message }))
        : [],
    );
    const same = repeated(templates.map((template) => template && serves(template))).map((index) => ({
      path: [index, "locale"],
      message: `is the language of another template for ${templates[index]?.channel} and the same purpose: leave one of them out`,
    }));
    return [...problems, ...same].map(({ path, message }) => ({ path: ["applications", at, "wording", "templates", ...path], message }));
  });
}

/** What works, and might be better. */
export function wordingWarnings({ applications }: Config): Problem[] {
  return applications.flatMap((application, at) =>
    (application.templates ?? []).flatMap((template, index) =>
      templateWarnings(template, { ...application, lifetimeMs: application.code.lifetimeMs, codeLength: application.code.length }).map(
        ({ setting, message }) => ({ setting: `${formatPath(["applications", at, "wording", "templates", index])}.${setting}`, message }),
      ),
    ),
  );
}

/** Locales have several spellings. */
export const canonicalTemplate = (template: MessageTemplate): MessageTemplate => ({
  ...template,
  locale: canonicalLocale(template.locale) ?? template.locale,
});

function checkTemplate({ displayName, purposes, channels, code }: Application, template: MessageTemplate): Misfit[] {
  const { purpose, channel } = template;
  const owner = { displayName: displayName ?? "", codeLength: code?.length ?? 6, lifetimeMs: (code?.lifetimeSeconds ?? 300) * 1000 };
  const problems: Misfit[] = [...templateProblems(canonicalTemplate(template), owner)];
  if (purpose !== undefined && purposes?.every((each) => each !== undefined && each !== "*" && each !== purpose))
    problems.push({ setting: "purpose", message: `is not among the purposes: write one of ${purposes.join(", ")}` });
  if (channels?.every((each) => each !== undefined && each !== channel))
    problems.push({ setting: "channel", message: `is ${channel}, which this application does not use: add it to its channels` });
  return problems;
}

type Misfit = { readonly setting: string; readonly message: string };

const serves = (template: MessageTemplate): string =>
  [template.channel, template.purpose ?? "", canonicalTemplate(template).locale].join(" ");
