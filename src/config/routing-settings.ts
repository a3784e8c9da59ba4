import { z } from "zod";
import { list, text, whole } from "./forms.ts";
import { phoneCountry } from "./shared-forms.ts";

const providerName = z.string({ error: "write the name of a provider" });

const prefix = text('the beginning of numbers: + and 1 to 14 digits, in quotes, such as "+1415"', /^\+[1-9]\d{0,13}$/);

const destinations = z
  .strictObject({
    countries: list(phoneCountry, { min: 0, max: 250, write: "countries" }).default([]),
    prefixes: list(prefix, { min: 0, max: 1000, write: "prefixes" }).default([]),
  })
  .refine(({ countries, prefixes }) => countries.length + prefixes.length > 0, "write countries, prefixes or both")
  .meta({ description: "where the rule holds: in these countries and for numbers that begin so; everywhere if left out" });

const weighted = z.strictObject({
  name: providerName,
  weight: whole("its share beside the other weights", 1, 1000),
});

const ruleSettings = z.strictObject({
  to: destinations.optional(),
  providers: list(z.union([providerName, weighted], { error: "write the name of a provider, or its name and weight" }), {
    min: 1,
    max: 20,
    write: "providers",
  }),
});

/** Names in order of preference, or rules of which the first that fits says which names. */
export const routeSettings = list(
  z.union([providerName, ruleSettings], { error: "write the name of a provider, or a rule with providers" }),
  {
    min: 1,
    max: 100,
    write: "names of providers, or rules with providers",
  },
);

export type RouteSettings = z.output<typeof routeSettings>;

/** A group of its own, with bounds that keep a circuit from opening at a single failure of many, or for good. */
export const circuitBreakerSettings = z.strictObject({
  failures: whole("the failures in a row that open a circuit", 1, 1000).default(5),
  openSeconds: whole("the seconds until a message tries the provider again", 1, 3600).default(30),
});
