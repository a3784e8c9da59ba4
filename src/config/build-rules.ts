import type { RoutingRule } from "./config.ts";
import type { RouteSettings } from "./routing-settings.ts";

type Rule = Exclude<RouteSettings[number], string>;

/** A list of names is one rule that always fits. */
export function buildRules(route: RouteSettings): RoutingRule[] {
  const names = route.filter((entry) => typeof entry === "string");
  if (names.length > 0) return [{ providers: names.map((name) => ({ name })) }];
  return route.filter((entry) => typeof entry !== "string").map(buildRule);
}

const buildRule = ({ to, providers }: Rule): RoutingRule => ({
  ...(to && { to }),
  providers: providers.map((each) => (typeof each === "string" ? { name: each } : each)),
});
