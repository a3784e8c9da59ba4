import type { RandomBytes } from "./code.ts";
import type { Keyring } from "./keyring.ts";
import type { ChannelRoute, Events, LedgerStore, ParseRecipient, ProofSigner } from "./ports.ts";
import type { Stretch } from "./stretch.ts";
import type { Channel } from "./types.ts";

/** All that the use cases need of the outside, as one plain argument. */
export type OtpDeps = {
  readonly ledgers: LedgerStore;
  readonly keyring: Keyring;
  readonly stretch: Stretch;
  readonly random: RandomBytes;
  readonly parseRecipient: ParseRecipient;
  readonly routes: ReadonlyMap<Channel, ChannelRoute>;
  readonly events: Events;
  /** Undefined while the service has no proof key. */
  readonly signer?: ProofSigner | undefined;
  /** How long a caller can wait at most; a send is locked a little longer than that. */
  readonly maxDeadlineMs: number;
};
