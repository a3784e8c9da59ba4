import { z } from "zod";
import { type Application, rights } from "../otp/types.ts";
import type { ApplicationSettings } from "./application-settings.ts";
import type { CallerKey, Config } from "./config.ts";
import { choice, list, text } from "./forms.ts";
import type { Explained } from "./issue.ts";
import { repeated } from "./repeated.ts";
import type { Salvaged } from "./salvage.ts";
import { origin, purpose } from "./shared-forms.ts";

const channels = ["sms", "voice", "email", "whatsapp", "push"] as const;

export const callerKeySettings = z.strictObject({
  id: text("a name of 1 to 40 characters of A-Z a-z 0-9 _ -", /^[A-Za-z0-9_-]{1,40}$/),
  hash: text("the hash that make-key prints: sha256: and 64 hexadecimal digits", /^(sha256:)?[0-9a-f]{64}$/),
  kind: choice("service", "browser").default("service"),
  rights: list(choice(...rights), { min: 1, max: rights.length, write: `of ${rights.join(", ")}` }).optional(),
  origins: list(origin, { min: 1, max: 100, write: "origins" }).optional(),
  purposes: list(purpose, { min: 1, max: 50, write: "purposes" }).optional(),
  channels: list(choice(...channels), { min: 1, max: channels.length, write: `of ${channels.join(", ")}` }).optional(),
});

type Key = Salvaged<z.output<typeof callerKeySettings>>;
type Draft = Salvaged<ApplicationSettings>;

/** What is public is bound to the pages it is for, and no other key is. */
export function checkCallerKeys(application: Draft, mode: Config["mode"]): Explained[] {
  const keys = application.keys ?? [];
  const sameIds = repeated(keys.map((key) => key?.id)).map((index) => ({
    path: ["keys", index, "id"],
    message: "is the id of another key of this application: each needs its own",
  }));
  const each = keys.flatMap((key, index) => (key ? checkKey(key, application, mode) : []).map((problem) => under(problem, index)));
  return [...sameIds, ...each];
}

const under = ({ path, message }: Explained, index: number): Explained => ({ path: ["keys", index, ...path], message });

function checkKey(key: Key, application: Draft, mode: Config["mode"]): Explained[] {
  if (key.kind === undefined) return [];
  if (key.kind === "service") return checkServiceKey(key);
  const problems: Explained[] = [...notAmong("purposes", key.purposes, application), ...notAmong("channels", key.channels, application)];
  if ((key.rights ?? []).some((right) => right !== undefined && right !== "codes"))
    problems.push({ path: ["rights"], message: "gives a browser's key, which everybody can read, more than codes: write [codes]" });
  if (mode === "production" && key.origins === undefined)
    problems.push({
      path: ["origins"],
      message: "is missing, and a browser's key, which everybody can read, would work on every page: list the origins of yours",
    });
  return problems;
}

const checkServiceKey = (key: Key): Explained[] =>
  (["origins", "purposes", "channels"] as const).flatMap((name) =>
    key[name] === undefined ? [] : [{ path: [name], message: "is for keys of kind browser only: leave it out, or write kind: browser" }],
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
  keys.map(({ rights: own, origins, purposes, channels: ofKey, ...key }) => ({
    hash: key.hash.replace("sha256:", ""),
    keyId: key.id,
    applicationId: id,
    kind: key.kind,
    rights: own ?? (key.kind === "browser" ? ["codes"] : ["codes", "proofs"]),
    ...(origins && { origins }),
    ...(purposes && { purposes }),
    ...(ofKey && { channels: ofKey }),
  }));

/** The application as one key may use it. */
export function narrowApplication(
  application: Application,
  { purposes, channels: ofKey }: Pick<CallerKey, "purposes" | "channels">,
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
