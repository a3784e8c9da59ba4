import { type BlockTable, openBlockTable } from "../abuse/block-table.ts";
import type { Config } from "../config/config.ts";
import { withDecoys } from "../otp/decoy-ledgers.ts";
import { createLanes, type InTurn } from "../otp/lanes.ts";
import { createRandom } from "../otp/random.ts";
import type { Store } from "../otp/store-ports.ts";
import { createStretch, recoveryCodeCost, type Stretch } from "../otp/stretch.ts";
import { createWatches, type Watches } from "../otp/watches.ts";
import { createInbox, type Inbox } from "../providers/inbox.ts";
import { createEvents, createFaultLog } from "../telemetry/events.ts";
import type { Logger } from "../telemetry/log.ts";
import { createMetrics, type Metrics } from "../telemetry/metrics.ts";
import { reportLoss } from "../telemetry/store-loss.ts";
import type { Tracing } from "../telemetry/tracing.ts";
import { createChallengeBuckets } from "./limit-challenges.ts";
import { createLiveKeyring, type LiveKeyring } from "./live-keyring.ts";
import { loadTracing } from "./load-tracing.ts";
import { type Opening, openStore } from "./open-store.ts";
import { createSharedParts, type ShareParts } from "./shared-parts.ts";

/** What stays while the configuration is read anew: the store, the clock, and whoever is told of what happens. */
export type Foundation = {
  readonly store: Store;
  /** Outlive a change of the configuration, since the ledger key that finds what they read never changes. */
  readonly watches: Watches;
  readonly keyring: LiveKeyring;
  /** What is blocked now is so by the store, whatever the configuration says of the future. */
  readonly blocks: BlockTable;
  /** Bounds of what this machine does at once, and of what one client may ask of it. */
  readonly stretches: { readonly ofCodes: Stretch; readonly ofRecoveryCodes: Stretch };
  readonly inTurn: InTurn;
  readonly takeChallenge: (client: string) => boolean;
  /** For the parts of an inside that the next one goes on with where their settings are the same. */
  readonly share: ShareParts;
  readonly random: ReturnType<typeof createRandom>;
  readonly now: () => number;
  readonly inbox: Inbox;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly events: ReturnType<typeof createEvents>;
  readonly log: ReturnType<typeof createFaultLog>;
  close(): Promise<void>;
};

type Given = { readonly logger: Logger; readonly now: () => number; readonly opening?: Opening | undefined };

/** Recovery codes are hashed one at a time, beside the codes of messages: of Node's four threads, one is always left for everybody else. */
const recoveryCodesAtOnce = 1;

/** Rejects, with nothing left open, when the store cannot be used. It may be opening already. */
export async function layFoundation(config: Config, { logger, now, opening }: Given): Promise<Foundation> {
  await using parts = new AsyncDisposableStack();
  const metrics = createMetrics(now);
  const tracing = await loadTracing(config, logger);
  parts.defer(() => tracing.close());
  const opened = await (opening ?? (await openStore(config))).opened;
  const store = tracing.store(metrics.countStore(reportLoss(opened, logger)), config.store.kind);
  parts.defer(() => store.close());
  const random = createRandom();
  const keyring = createLiveKeyring(config.secrets, random);
  parts.defer(() => keyring.close());
  const log = tracing.faults(createFaultLog(logger));
  const blocks = await openBlockTable({ store, onFault: (cause) => log({ errorId: "", rpc: "guard", cause }) });
  parts.defer(() => blocks.close());
  const laid = parts.move();
  return {
    store,
    watches: metrics.countWatchers(createWatches(withDecoys(store, keyring))),
    keyring,
    blocks,
    stretches: { ofCodes: createStretch(), ofRecoveryCodes: createStretch(recoveryCodesAtOnce, recoveryCodeCost) },
    inTurn: createLanes(),
    takeChallenge: createChallengeBuckets(),
    share: createSharedParts(),
    random,
    now,
    inbox: createInbox({ now }),
    logger,
    metrics,
    tracing,
    events: tracing.events(metrics.countEvents(createEvents(logger))),
    log,
    close: () => laid.disposeAsync(),
  };
}
