import type { RandomBytes } from "../otp/code.ts";
import type { Carrier, Provider, ReceiptReader } from "../otp/ports.ts";
import type { MessageName, Receipt } from "../otp/receipt.ts";
import type { Channel } from "../otp/types.ts";
import type { CircuitSettings } from "./circuit.ts";
import type { ClosableProvider } from "./closable-provider.ts";
import { createCarrier } from "./create-carrier.ts";
import { createProvider, type ProviderConfig } from "./create-provider.ts";
import { type GuardedProvider, type GuardSettings, guardProvider, type ProviderState } from "./guard-provider.ts";
import { limitRate } from "./limit-rate.ts";
import { askReceipts, receiptChannels } from "./receipts-asked.ts";
import { type ReceiptWatch, watchReceipts } from "./receipts-missing.ts";
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
  /** Gives the same part to whoever asks with the same settings: what is known of a provider outlives a change elsewhere. */
  readonly share?: <Part extends { close(): Promise<void> }>(settings: unknown, open: () => Promise<Part>) => Promise<Part>;
  /** The same provider, whose tries leave traces. */
  readonly traced?: (provider: Provider) => Provider;
  /** Whether the store knows what became of a message, or it does not matter any more. */
  isSettled(message: MessageName): Promise<boolean>;
};

export type Carriers = {
  readonly byChannel: ReadonlyMap<Channel, Carrier>;
  readonly receiptReaders: ReadonlyMap<string, ReceiptReader>;
  /** A receipt was news: whether the provider delivers shows in its circuits. */
  onReceipt(provider: string, message: MessageName, receipt: Receipt): void;
  /** Of every provider, as it is now. */
  states(): readonly (ProviderState & { readonly name: string })[];
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
    const openThis = (): Promise<Opened> => openProvider(name, each, deps, settings);
    const provider = await (deps.share?.({ name, provider: each, circuitBreaker: config.circuitBreaker }, openThis) ?? openThis());
    opened.defer(() => provider.close());
    providers.set(name, askFor(each, provider, config, watch));
  }
  const channels = Object.entries(config.channels) as [Channel, readonly RoutingRule[]][];
  const carrying = { providers, random: deps.random, countryOf: deps.countryOf };
  const byChannel = new Map(channels.map(([channel, rules]) => [channel, createCarrier(rules, carrying)]));
  const receiptReaders = await openReaders(config, deps);
  const closable = opened.move();
  return {
    byChannel,
    receiptReaders,
    onReceipt: watch.settle,
    states: () => [...providers].map(([name, provider]) => ({ name, ...provider.state() })),
    close: () => closable.disposeAsync(),
  };
}

function askFor(each: AnyConfig, provider: Opened, { receipts }: CarriersConfig, watch: ReceiptWatch): GuardedProvider {
  const channels = each.kind === "inbox" ? [] : receiptChannels(each);
  if (!receipts || channels.length === 0) return provider;
  return askReceipts(provider, { publicUrl: receipts.publicUrl, channels, onExpected: watch.expect });
}

async function openReaders({ providers, receipts }: CarriersConfig, deps: CarriersDeps): Promise<ReadonlyMap<string, ReceiptReader>> {
  if (!receipts) return new Map();
  const { createReceiptReader } = await import("./receipts-read.ts");
  const readers = Object.entries(providers).flatMap(([name, each]) => {
    const reader = each.kind === "inbox" ? undefined : createReceiptReader(each, deps);
    return reader ? [[name, reader] as const] : [];
  });
  return new Map(readers);
}

type AnyConfig = CarriersConfig["providers"][string];
type Opened = GuardedProvider & ClosableProvider;

async function openProvider(
  name: string,
  config: AnyConfig,
  { inbox, now, traced = asItIs }: CarriersDeps,
  settings: GuardSettings,
): Promise<Opened> {
  if (config.kind === "inbox") return { ...guardProvider(traced(inbox), settings), close: async () => {} };
  const provider = await createProvider(name, config, { now });
  const guarded = guardProvider(traced(provider), settings);
  const limited = config.perSecond === undefined ? guarded : limitRate(guarded, config.perSecond);
  return { ...limited, close: () => provider.close() };
}

const asItIs = (provider: Provider): Provider => provider;
