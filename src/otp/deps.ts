import type { RandomBytes } from "./code.ts";
import type { Keyring } from "./keyring.ts";
import type { ChannelRoute, Events, LedgerStore, ParseRecipient } from "./ports.ts";
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
  /** How long a caller can wait at most; a send is locked a little longer than that. */
  readonly maxDeadlineMs: number;
};
