import { z } from "zod";
import { type LookupTerms, phoneChannels } from "../otp/number-policy.ts";
import { lookupConfig } from "../providers/lookup-config.ts";
import type { ApplicationSettings } from "./application-settings.ts";
import { choice, flag, list, text, whole } from "./forms.ts";
import type { Explained } from "./issue.ts";
import { suggest } from "./problem.ts";
import type { Salvaged } from "./salvage.ts";

const lookupName = text("a name of 1 to 40 characters of a-z 0-9 -, a letter first", /^[a-z][a-z0-9-]{0,39}$/);

/** The lookups that applications may use, by names of the operator's own. */
export const lookupsSettings = z.record(lookupName, lookupConfig);
export type LookupsSettings = z.output<typeof lookupsSettings>;

/** How long any of their answers is believed, and how many of them. */
export const lookupCacheSettings = z.strictObject({
  seconds: whole("the seconds an answer is believed", 0, 3600).default(600),
  entries: whole("the numbers that are remembered", 1, 1_000_000).default(10_000),
});

const simSwap = z.strictObject({
  withinHours: whole("the hours in which a new SIM is recent", 1, 24 * 90).default(72),
  action: choice("refuse", "other_channel", "tell").default("refuse"),
});

/** What one application asks before it sends. */
export const lookupUse = z.strictObject({
  use: z.string({ error: "write the name of one of the lookups" }),
  channels: list(choice(...phoneChannels), { min: 1, max: phoneChannels.length, write: `of ${phoneChannels.join(", ")}` }).default([
    "sms",
    "voice",
  ]),
  simSwap: simSwap.optional(),
  lineType: flag("The carrier's type of the number must be one that the policy allows").default(false),
  reachability: flag("Numbers that the carrier does not reach are sent nothing").default(false),
  onFailure: choice("closed", "open").default("closed"),
});

const hourMs = 3_600_000;

export function buildLookupTerms({ simSwap: swap, ...settings }: z.output<typeof lookupUse>): LookupTerms {
  return {
    ...settings,
    channels: new Set(settings.channels),
    ...(swap && { simSwap: { recentMs: swap.withinHours * hourMs, action: swap.action } }),
  };
}

/** Whether applications use lookups that there are, and for something. */
export function checkLookups(
  applications: readonly (Salvaged<ApplicationSettings> | undefined)[],
  lookups: Salvaged<LookupsSettings> = {},
): Explained[] {
  return applications.flatMap((application, index) => {
    const settings = application?.lookup;
    const path = ["applications", index, "lookup"];
    if (!settings) return [];
    const { use, simSwap: swap, lineType, reachability } = settings;
    const problems: Explained[] = [];
    if (use !== undefined && !Object.hasOwn(lookups, use)) {
      const known = Object.keys(lookups);
      const write = known.length === 0 ? "describe one under lookups first" : suggest(use, known);
      problems.push({ path: [...path, "use"], message: `names no lookup: ${write}` });
    }
    if (!swap && lineType === false && reachability === false)
      problems.push({ path, message: "asks for nothing: write simSwap, or set lineType or reachability to true, or leave it out" });
    return problems;
  });
}
