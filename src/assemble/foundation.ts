import type { Config } from "../config/config.ts";
import { withDecoys } from "../otp/decoy-ledgers.ts";
import { createKeyring } from "../otp/keyring.ts";
import { createRandom } from "../otp/random.ts";
import type { Store } from "../otp/store-ports.ts";
import { createWatches, type Watches } from "../otp/watches.ts";
import { createInbox, type Inbox } from "../providers/inbox.ts";
import { createEvents, createFaultLog } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";
import { reportLoss } from "../telemetry/store-loss.ts";
import { type Opening, openStore } from "./open-store.ts";

/** What stays while the configuration is read anew: the store, the clock, and whoever is told of what happens. */
export type Foundation = {
  readonly store: Store;
  /** Outlive a change of the configuration, since the ledger key that finds what they read never changes. */
  readonly watches: Watches;
  readonly random: ReturnType<typeof createRandom>;
  readonly now: () => number;
  readonly inbox: Inbox;
  readonly logger: Logger;
  readonly events: ReturnType<typeof createEvents>;
  readonly log: ReturnType<typeof createFaultLog>;
};

type Given = { readonly logger: Logger; readonly now: () => number; readonly opening?: Opening | undefined };

/** Rejects when the store cannot be used. It may be opening already. */
export async function layFoundation(config: Config, { logger, now, opening }: Given): Promise<Foundation> {
  const store = reportLoss(await (opening ?? (await openStore(config))).opened, logger);
  const random = createRandom();
  return {
    store,
    watches: createWatches(withDecoys(store, createKeyring(config.secrets, random))),
    random,
    now,
    inbox: createInbox({ now }),
    logger,
    events: createEvents(logger),
    log: createFaultLog(logger),
  };
}
