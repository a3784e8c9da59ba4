import { carriedChannels, providerKinds } from "../providers/create-provider.ts";
import { deliverableChannels } from "./application-settings.ts";
import { once } from "./forms.ts";
import type { Explained } from "./issue.ts";
import { type Path, suggest } from "./problem.ts";
import { repeated } from "./repeated.ts";
import type { Salvaged } from "./salvage.ts";
import { type Settings, settings } from "./settings.ts";

type Draft = Salvaged<Settings>;
type Channel = (typeof deliverableChannels)[number];
type Route = NonNullable<NonNullable<Draft["channels"]>[Channel]>;
type Rule = Exclude<Route[number], string | undefined>;
/** A provider where it is named. */
type Named = { readonly path: Path; readonly name: string | undefined; readonly weighted: boolean };

/** Whether every list of providers can be used, and every rule is reached. */
export function checkRoutes({ channels, providers }: Draft): Explained[] {
  return deliverableChannels.flatMap((channel) => {
    const route = channels?.[channel];
    if (!route) return [];
    const path = ["channels", channel];
    const mixed = route.findIndex((entry) => entry !== undefined && typeof entry !== typeof route[0]);
    if (mixed > 0)
      return [{ path: [...path, mixed], message: "stands among entries of the other kind: write a list of names, or a list of rules" }];
    const lists = listsOf(route, path);
    return [
      ...lists.flatMap(checkList),
      ...(providers ? lists.flat().flatMap((named) => checkProvider(channel, named, providers)) : []),
      ...checkRules(channel, route, path),
    ];
  });
}

/** The lists of providers of a route: its own, or those of its rules. */
function listsOf(route: Route, path: Path): Named[][] {
  const rules = rulesOf(route);
  if (rules.length === 0)
    return [route.map((name, index) => ({ path: [...path, index], name: name as string | undefined, weighted: false }))];
  return rules.map(([rule, at]) =>
    (rule.providers ?? []).map((each, index) => {
      const here = [...path, at, "providers", index];
      const weighted = typeof each === "object";
      return { path: weighted ? [...here, "name"] : here, name: weighted ? each.name : each, weighted };
    }),
  );
}

function checkList(list: readonly Named[]): Explained[] {
  const plain = list.findIndex(({ weighted }) => !weighted);
  return list.flatMap(({ path, weighted }, index) => {
    if (repeated(list.map(({ name }) => name)).includes(index)) return [{ path, message: "stands in the list before: leave it out" }];
    if (weighted && plain >= 0 && plain < index)
      return [{ path, message: "has a weight, but stands after one without: first those that share by weight, then the fallback" }];
    return [];
  });
}

function checkProvider(channel: Channel, { path, name }: Named, providers: NonNullable<Draft["providers"]>): Explained[] {
  const message = name === undefined ? undefined : providerProblem(channel, name, providers);
  return message === undefined ? [] : [{ path, message }];
}

function providerProblem(channel: Channel, name: string, providers: NonNullable<Draft["providers"]>): string | undefined {
  if (!Object.hasOwn(providers, name)) return `names no provider: ${suggest(name, Object.keys(providers))}`;
  const whole = settings.shape.providers.def.valueType.safeParse(providers[name], once);
  if (!whole.success || whole.data.kind === "inbox" || carriedChannels(whole.data).includes(channel)) return undefined;
  const { kind } = whole.data;
  return providerKinds[kind].carries.includes(channel)
    ? `names a provider of kind ${kind} that cannot carry ${channel} as it is set up: see its settings in countersign.sample.yaml`
    : `names a provider of kind ${kind}, which carries ${providerKinds[kind].carries.join(" and ")}: name one that carries ${channel}`;
}

function checkRules(channel: Channel, route: Route, path: Path): Explained[] {
  const rules = rulesOf(route);
  const early = rules.filter(([rule, at]) => !("to" in rule) && at < route.length - 1);
  const placeless = channel === "email" ? rules.filter(([rule]) => rule.to !== undefined) : [];
  const places = rules.flatMap(([{ to }, at]) =>
    (["countries", "prefixes"] as const).flatMap((kind) =>
      (to?.[kind] ?? []).map((place, index) => ({ path: [...path, at, "to", kind, index], place })),
    ),
  );
  return [
    ...early.map(([, at]) => ({
      path: [...path, at],
      message: "fits everywhere, so that no rule after it is reached: put it last, or say where it holds in `to`",
    })),
    ...placeless.map(([, at]) => ({
      path: [...path, at, "to"],
      message: "fits nobody, because email addresses have no country: leave it out",
    })),
    ...repeated(places.map(({ place }) => place)).map((index) => ({
      path: places[index]?.path ?? path,
      message: "stands in this or an earlier rule already, which is the one that holds: leave it out",
    })),
  ];
}

const rulesOf = (route: Route): [Rule, number][] =>
  route.flatMap((entry, index) => (typeof entry === "object" ? [[entry, index] as [Rule, number]] : []));
