import type { RandomBytes } from "../otp/code.ts";
import type { Carrier, Provider } from "../otp/ports.ts";
import type { Channel } from "../otp/types.ts";
import type { CircuitSettings } from "./circuit.ts";
import { createCarrier } from "./create-carrier.ts";
import { createProvider, type ProviderConfig } from "./create-provider.ts";
import { type GuardedProvider, type GuardSettings, guardProvider } from "./guard-provider.ts";
import { limitRate } from "./limit-rate.ts";
import type { RoutingRule } from "./route.ts";

export type CarriersConfig = {
  readonly providers: Readonly<Record<string, ProviderConfig | { readonly kind: "inbox" }>>;
  readonly channels: Readonly<Partial<Record<Channel, readonly RoutingRule[]>>>;
  readonly circuitBreaker: CircuitSettings;
};

export type CarriersDeps = {
  readonly inbox: Provider;
  readonly random: RandomBytes;
  now(): number;
  countryOf(to: string): string | undefined;
  readonly onCircuitChange: GuardSettings["onChange"];
};

export type Carriers = {
  readonly byChannel: ReadonlyMap<Channel, Carrier>;
  /** For receipts: what became of a message that a provider had accepted. */
  report(provider: string, country: string | undefined, verdict: "good" | "bad"): void;
  close(): Promise<void>;
};

/** Every provider once, with its limit and its circuits, whichever channels it carries. */
export async function createCarriers(config: CarriersConfig, deps: CarriersDeps): Promise<Carriers> {
  await using opened = new AsyncDisposableStack();
  const providers = new Map<string, GuardedProvider>();
  const settings = { ...config.circuitBreaker, onChange: deps.onCircuitChange };
  for (const [name, each] of Object.entries(config.providers)) {
    const provider = each.kind === "inbox" ? deps.inbox : await open(name, each, deps, opened);
    const guarded = guardProvider(provider, settings);
    const perSecond = each.kind === "inbox" ? undefined : each.perSecond;
    providers.set(name, perSecond === undefined ? guarded : limitRate(guarded, perSecond));
  }
  const channels = Object.entries(config.channels) as [Channel, readonly RoutingRule[]][];
  const carrying = { providers, random: deps.random, countryOf: deps.countryOf };
  const byChannel = new Map(channels.map(([channel, rules]) => [channel, createCarrier(rules, carrying)]));
  const closable = opened.move();
  return {
    byChannel,
    report: (name, country, verdict) => providers.get(name)?.report(country, verdict),
    close: () => closable.disposeAsync(),
  };
}

async function open(name: string, config: ProviderConfig, { now }: CarriersDeps, opened: AsyncDisposableStack): Promise<Provider> {
  const provider = await createProvider(name, config, { now });
  opened.defer(() => provider.close());
  return provider;
}
