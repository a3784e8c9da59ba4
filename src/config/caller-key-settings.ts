import { z } from "zod";
import type { Application } from "../otp/types.ts";
import type { ApplicationSettings } from "./application-settings.ts";
import { buildCallerTerms, callerTerms } from "./caller-terms.ts";
import type { CallerKey, CallerTerms, Config } from "./config.ts";
import { text } from "./forms.ts";
import type { Explained } from "./issue.ts";
import { repeated } from "./repeated.ts";
import type { Salvaged } from "./salvage.ts";

export const callerKeySettings = z.strictObject({
  ...callerTerms,
  hash: text("the hash that make-key prints: sha256: and 64 hexadecimal digits", /^(sha256:)?[0-9a-f]{64}$/),
});

type Entry = Salvaged<z.output<z.ZodObject<typeof callerTerms>>>;
type Draft = Salvaged<ApplicationSettings>;

const lists = { keys: "key", certificates: "certificate", tokens: "token" } as const;

/** What is public is bound to the pages it is for, and nothing else is. Ids tell callers apart in the log. */
export function checkCallers(application: Draft, mode: Config["mode"]): Explained[] {
  const entries = Object.entries(lists).flatMap(([list, noun]) =>
    (application[list as keyof typeof lists] ?? []).map((entry: Entry | undefined, index) => ({ entry, noun, path: [list, index] })),
  );
  const sameIds = repeated(entries.map(({ entry }) => entry?.id)).map((index) => ({
    path: [...(entries[index]?.path ?? []), "id"],
    message: `is the id of another ${nounOf(entries, index)} of this application: each needs its own`,
  }));
  const each = entries.flatMap(({ entry, noun, path }) =>
    (entry ? checkEntry(entry, noun, { application, mode }) : []).map((problem) => ({ ...problem, path: [...path, ...problem.path] })),
  );
  return [...sameIds, ...each];
}

const nounOf = (entries: readonly { readonly entry: Entry | undefined; readonly noun: string }[], index: number): string =>
  entries.find(({ entry }) => entry?.id === entries[index]?.entry?.id)?.noun ?? "key";

type Where = { readonly application: Draft; readonly mode: Config["mode"] };

function checkEntry(entry: Entry, noun: string, { application, mode }: Where): Explained[] {
  if (entry.kind === undefined) return [];
  if (entry.kind === "service") return checkService(entry, noun);
  const problems: Explained[] = [
    ...notAmong("purposes", entry.purposes, application),
    ...notAmong("channels", entry.channels, application),
  ];
  if ((entry.rights ?? []).some((right) => right !== undefined && right !== "codes"))
    problems.push({ path: ["rights"], message: `gives a browser's ${noun}, which everybody can read, more than codes: write [codes]` });
  if (mode === "production" && entry.origins === undefined)
    problems.push({
      path: ["origins"],
      message: `is missing, and a browser's ${noun}, which everybody can read, would work on every page: list the origins of yours`,
    });
  return problems;
}

const checkService = (entry: Entry, noun: string): Explained[] =>
  (["origins", "purposes", "channels"] as const).flatMap((name) =>
    entry[name] === undefined
      ? []
      : [{ path: [name], message: `is for ${noun}s of kind browser only: leave it out, or write kind: browser` }],
  );

function notAmong(name: "purposes" | "channels", ofKey: readonly (string | undefined)[] | undefined, application: Draft): Explained[] {
  const known: readonly (string | undefined)[] | undefined = application[name];
  if (!known || known.includes("*") || known.includes(undefined)) return [];
  return (ofKey ?? []).flatMap((each, index) =>
    each === undefined || known.includes(each)
      ? []
      : [{ path: [name, index], message: `is not among the ${name} of the application: write some of ${known.join(", ")}` }],
  );
}

export const buildCallerKeys = ({ id, keys }: ApplicationSettings): CallerKey[] =>
  keys.map(({ hash, ...terms }) => ({ ...buildCallerTerms(terms, id), hash: hash.replace("sha256:", "") }));

/** The application as one caller may use it. */
export function narrowApplication(
  application: Application,
  { purposes, channels: ofKey }: Pick<CallerTerms, "purposes" | "channels">,
): Application {
  if (!purposes && !ofKey) return application;
  const { defaultPurpose } = application;
  const [firstPurpose = defaultPurpose] = purposes ?? [];
  return {
    ...application,
    ...(purposes && { purposes, defaultPurpose: purposes.includes(defaultPurpose) ? defaultPurpose : firstPurpose }),
    // In the application's order, which is that of its preference.
    ...(ofKey && { channels: application.channels.filter((channel) => ofKey.includes(channel)) }),
  };
}
