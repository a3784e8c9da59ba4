import { z } from "zod";
import { type ChannelPolicy, type NumberPolicy, type NumberType, numberTypes, phoneChannels } from "../otp/number-policy.ts";
import type { ApplicationSettings } from "./application-settings.ts";
import { choice, list, text } from "./forms.ts";
import type { Explained } from "./issue.ts";
import type { Salvaged } from "./salvage.ts";
import { phoneCountry } from "./shared-forms.ts";

const countriesForm = 'a list of 1 to 250 countries, or "*" for every country';
const countries = z
  .union([z.literal("*"), list(phoneCountry, { min: 1, max: 250, write: "countries" })], { error: `write ${countriesForm}` })
  .meta({ description: countriesForm });

const numbers = list(text('a number or the beginning of numbers: + and 1 to 15 digits, in quotes, such as "+1415"', /^\+[1-9]\d{0,14}$/), {
  min: 0,
  max: 10_000,
  write: "numbers or beginnings of numbers",
}).default([]);

const types = (known: readonly [NumberType, ...NumberType[]], defaults: NumberType[]) =>
  list(choice(...known), { min: 1, max: known.length, write: "types of numbers" }).default(defaults);

/** Whoever owns such a number is paid for being called, so that only a number that is named in `allow` gets there. */
const paysTheCalled: readonly NumberType[] = ["premium_rate", "shared_cost"];
const callable = numberTypes.filter((type) => !paysTheCalled.includes(type)) as [NumberType, ...NumberType[]];

const anyType = [...numberTypes] as [NumberType, ...NumberType[]];
const mobile: NumberType[] = ["mobile", "fixed_line_or_mobile"];
const personal: NumberType[] = ["mobile", "fixed_line", "fixed_line_or_mobile"];

const channel = (numberTypesOf: ReturnType<typeof types>) =>
  z.strictObject({ countries: countries.optional(), numberTypes: numberTypesOf }).prefault({});

/** Where an application sends. Calls are the dearest, so "*" in `countries` does not hold for them: they say it themselves. */
export const policySettings = z.strictObject({
  countries: countries.optional(),
  allow: numbers,
  block: numbers,
  sms: channel(types(anyType, mobile)),
  voice: channel(types(callable, personal)),
  whatsapp: channel(types(anyType, personal)),
});

type PolicySettings = z.output<typeof policySettings>;

export function buildPolicy({ allow, block, ...settings }: PolicySettings, used: ApplicationSettings["channels"]): NumberPolicy {
  const channels = phoneChannels.filter((each) => used.includes(each));
  return {
    allow: new Set(allow),
    block: new Set(block),
    channels: Object.fromEntries(channels.map((each) => [each, buildChannel(settings, each)])),
  };
}

function buildChannel(settings: Pick<PolicySettings, "countries" | (typeof phoneChannels)[number]>, name: (typeof phoneChannels)[number]) {
  const inherited = name === "voice" && settings.countries === "*" ? undefined : settings.countries;
  const allowed = settings[name].countries ?? inherited ?? [];
  const policy: ChannelPolicy = { countries: allowed === "*" ? "any" : new Set(allowed), types: new Set(settings[name].numberTypes) };
  return policy;
}

/** Until somebody says where to, nothing is sent: the default of most services is the whole world, and so are their bills. */
export function checkPolicy({ policy, channels }: Salvaged<ApplicationSettings>): Explained[] {
  if (!policy) return [];
  return [...checkCountries(policy, channels ?? []), ...checkLists(policy)];
}

function checkCountries(policy: Salvaged<PolicySettings>, channels: readonly (string | undefined)[]): Explained[] {
  const used = phoneChannels.filter((each) => channels.includes(each));
  const unsaid = used.filter((each) => policy[each] && !policy[each].countries);
  if (!policy.countries && unsaid.length > 0) {
    const message = `is missing, and the application uses ${unsaid.join(", ")}: write the countries it may send to, such as [DE, AT], or "*" for every country`;
    return [{ path: ["policy", "countries"], message }];
  }
  if (policy.countries !== "*" || !unsaid.includes("voice")) return [];
  const message =
    'is missing, and "*" in policy.countries does not hold for calls, which cost most: write the countries to call, or "*" here too';
  return [{ path: ["policy", "voice", "countries"], message }];
}

function checkLists({ allow = [], block = [] }: Salvaged<PolicySettings>): Explained[] {
  const allowed = new Set(allow);
  return block.flatMap((entry, index) =>
    entry !== undefined && allowed.has(entry)
      ? [{ path: ["policy", "block", index], message: "stands in policy.allow too, which wins: leave it out of one of them" }]
      : [],
  );
}
