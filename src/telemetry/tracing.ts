import type { SendGuard } from "../otp/guard-ports.ts";
import type { ChallengeRef } from "../otp/ledger.ts";
import type { Events, Provider } from "../otp/ports.ts";
import type { ReceiptCall } from "../otp/receipt.ts";
import type { Store } from "../otp/store-ports.ts";

/** The shape of the services of `rpc/`, as far as a trace needs it. */
export type TracedService = {
  readonly service: { readonly typeName: string; readonly methods: readonly { readonly name: string; readonly localName: string }[] };
  readonly handlers: Readonly<Record<string, (incoming: never) => unknown>>;
};

export type TracedVerbs = Readonly<Record<string, (request: never, call: never) => unknown>>;

type LogFault = (fault: { readonly errorId: string; readonly rpc: string; readonly cause: unknown }) => void;
type TakeReceipt<T> = (provider: string, call: ReceiptCall) => Promise<T>;

/** Each takes a part of the service and gives the same part, which leaves its traces. */
export type Tracing = {
  /** One span for each RPC, in the caller's trace where it sends one. */
  service<S extends TracedService>(service: S): S;
  /** Tells the span of the RPC whose it was, of which challenge, and what came of it. */
  verbs<V extends TracedVerbs>(verbs: V): V;
  store(store: Store, system: string): Store;
  guard(guard: SendGuard): SendGuard;
  provider(provider: Provider): Provider;
  receipts<T extends string>(take: TakeReceipt<T>): TakeReceipt<T>;
  /** What the service does for a challenge without being asked. */
  move(ref: ChallengeRef, work: () => Promise<void>): Promise<void>;
  events(events: Events): Events;
  /** Where failures of our own are logged: as part of the call that they end. */
  faults(log: LogFault): LogFault;
  /** What is under way, as a W3C traceparent. */
  current(): string | undefined;
  /** Gives what is left to the collector, if that takes it within two seconds. */
  close(): Promise<void>;
};

/** What there is while no traces are made: nothing that a call would notice. */
export const noTracing: Tracing = {
  service: (service) => service,
  verbs: (verbs) => verbs,
  store: (store) => store,
  guard: (guard) => guard,
  provider: (provider) => provider,
  receipts: (take) => take,
  move: (_ref, work) => work(),
  events: (events) => events,
  faults: (log) => log,
  current: () => undefined,
  close: async () => {},
};
