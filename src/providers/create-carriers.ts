import type { RandomBytes } from "../otp/code.ts";
import type { Carrier, Provider, ReceiptReader } from "../otp/ports.ts";
import type { MessageName, Receipt } from "../otp/receipt.ts";
import type { Channel } from "../otp/types.ts";
import type { CircuitSettings } from "./circuit.ts";
import type { ClosableProvider } from "./closable-provider.ts";
import { createCarrier } from "./create-carrier.ts";
import { createProvider, type ProviderConfig } from "./create-provider.ts";
import { type GuardedProvider, type GuardSettings, guardProvider } from "./guard-provider.ts";
import { limitRate } from "./limit-rate.ts";
import { askReceipts } from "./receipts-asked.ts";
import { type ReceiptWatch, watchReceipts } from "./receipts-missing.ts";
import { createReceiptReader, receiptChannels } from "./receipts-read.ts";
import type { RoutingRule } from "./route.ts";

export type CarriersConfig = {
  readonly providers: Readonly<Record<string, ProviderConfig | { readonly kind: "inbox" }>>;
  readonly channels: Readonly<Partial<Record<Channel, readonly RoutingRule[]>>>;
  readonly circuitBreaker: CircuitSettings;
  /** Where vendors reach the service, and how long a receipt may take; without it none are asked for. */
  readonly receipts?: { readonly publicUrl: string; readonly missingAfterMs: number } | undefined;
};

export type CarriersDeps = {
  readonly inbox: Provider;
  readonly random: RandomBytes;
  now(): number;
  countryOf(to: string): string | undefined;
  readonly onCircuitChange: GuardSettings["onChange"];
  /** Whether the store knows what became of a message, or it does not matter any more. */
  isSettled(message: MessageName): Promise<boolean>;
};

export type Carriers = {
  readonly byChannel: ReadonlyMap<Channel, Carrier>;
  readonly receiptReaders: ReadonlyMap<string, ReceiptReader>;
  /** A receipt was news: whether the provider delivers shows in its circuits. */
  onReceipt(provider: string, message: MessageName, receipt: Receipt): void;
  close(): Promise<void>;
};

/** Every provider once, with its limit and its circuits, whichever channels it carries. */
export async function createCarriers(config: CarriersConfig, deps: CarriersDeps): Promise<Carriers> {
  await using opened = new AsyncDisposableStack();
  const providers = new Map<string, GuardedProvider>();
  const settings = { ...config.circuitBreaker, onChange: deps.onCircuitChange };
  const report = (name: string, country: string | undefined, verdict: "good" | "bad") => providers.get(name)?.report(country, verdict);
  const watch = watchReceipts({ timeoutMs: config.receipts?.missingAfterMs ?? 60_000, isSettled: deps.isSettled, report });
  opened.defer(() => watch.close());
  for (const [name, each] of Object.entries(config.providers)) {
    const provider = each.kind === "inbox" ? deps.inbox : askFor(each, await open(name, each, deps, opened), config, watch);
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
    receiptReaders: config.receipts ? readersOf(config, deps) : new Map(),
    onReceipt: watch.settle,
    close: () => closable.disposeAsync(),
  };
}

function askFor(each: ProviderConfig, provider: ClosableProvider, { receipts }: CarriersConfig, watch: ReceiptWatch): Provider {
  const channels = receiptChannels(each);
  if (!receipts || channels.length === 0) return provider;
  return askReceipts(provider, { publicUrl: receipts.publicUrl, channels, onExpected: watch.expect });
}

function readersOf({ providers }: CarriersConfig, deps: CarriersDeps): ReadonlyMap<string, ReceiptReader> {
  const readers = Object.entries(providers).flatMap(([name, each]) => {
    const reader = each.kind === "inbox" ? undefined : createReceiptReader(each, deps);
    return reader ? [[name, reader] as const] : [];
  });
  return new Map(readers);
}

async function open(name: string, config: ProviderConfig, { now }: CarriersDeps, opened: AsyncDisposableStack): Promise<ClosableProvider> {
  const provider = await createProvider(name, config, { now });
  opened.defer(() => provider.close());
  return provider;
}
