import type { AuthenticatorTools } from "./authenticator-deps.ts";
import type { RandomBytes } from "./code.ts";
import type { SendGuard, TrafficObserver } from "./guard-ports.ts";
import type { Keyring } from "./keyring.ts";
import type { ChannelRoute, Events, ParseRecipient, ProofSigner } from "./ports.ts";
import type { LedgerStore } from "./store-ports.ts";
import type { Stretch } from "./stretch.ts";
import type { Pretence } from "./substitute-carriers.ts";
import type { Channel } from "./types.ts";

/** All that the use cases need of the outside, as one plain argument. */
export type OtpDeps = {
  readonly ledgers: LedgerStore;
  readonly keyring: Keyring;
  readonly stretch: Stretch;
  readonly random: RandomBytes;
  readonly parseRecipient: ParseRecipient;
  readonly routes: ReadonlyMap<Channel, ChannelRoute>;
  /** Undefined where nothing but the ledgers limits messages. */
  readonly guard?: SendGuard | undefined;
  /** Learns from what becomes of messages. */
  readonly traffic?: TrafficObserver | undefined;
  /** Undefined where nobody has authenticators. */
  readonly authenticators?: AuthenticatorTools | undefined;
  readonly pretence: Pretence;
  readonly events: Events;
  /** Undefined while the service has no proof key. */
  readonly signer?: ProofSigner | undefined;
  /** The trace that is under way (a W3C traceparent), where one is made. */
  trace?(): string | undefined;
  /** How long a caller can wait at most; a send is locked a little longer than that. */
  readonly maxDeadlineMs: number;
};
