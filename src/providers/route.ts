import type { RandomBytes } from "../otp/code.ts";

/** Which providers carry the messages to some destinations, or to all, in order of preference. */
export type RoutingRule = {
  /** Destinations of which one has to fit; without it, all do. */
  readonly to?: { readonly countries: readonly string[]; readonly prefixes: readonly string[] };
  readonly providers: readonly { readonly name: string; readonly weight?: number }[];
};

export type Destination = { readonly to: string; readonly country?: string };

/** Names of the providers to try, in this order, by the first rule that fits; none where no rule does. */
export function route(rules: readonly RoutingRule[], destination: Destination, random: RandomBytes): string[] {
  const rule = rules.find(({ to }) => !to || fits(to, destination));
  if (!rule) return [];
  const weighted = rule.providers.filter(({ weight }) => weight !== undefined);
  const fallback = rule.providers.filter(({ weight }) => weight === undefined);
  return [...shuffle(weighted, random), ...fallback].map(({ name }) => name);
}

const fits = ({ countries, prefixes }: NonNullable<RoutingRule["to"]>, { to, country }: Destination): boolean =>
  (country !== undefined && countries.includes(country)) || prefixes.some((prefix) => to.startsWith(prefix));

/** One after another is drawn, each by its share of the weights that are left. */
function shuffle<Item extends { readonly weight?: number }>(items: readonly Item[], random: RandomBytes): Item[] {
  const left = [...items];
  const order: Item[] = [];
  while (left.length > 1) order.push(...left.splice(draw(left, random), 1));
  return [...order, ...left];
}

function draw(items: readonly { readonly weight?: number }[], random: RandomBytes): number {
  const total = items.reduce((sum, { weight = 1 }) => sum + weight, 0);
  // 32 bits for a total of at most some thousands: no weight is off by a millionth.
  let rest = (Buffer.from(random(4)).readUInt32BE() / 2 ** 32) * total;
  return items.findIndex(({ weight = 1 }) => {
    rest -= weight;
    return rest < 0;
  });
}
