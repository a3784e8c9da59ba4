import type { Admission, SendAsk, SendGuard, TrafficObserver } from "../otp/guard-ports.ts";
import { StoreUnavailable } from "../otp/refusal.ts";
import type { TrafficStore } from "../otp/store-ports.ts";
import type { Block, BlockCause, TrafficAdd } from "../otp/traffic.ts";
import type { Application } from "../otp/types.ts";
import type { BlockTable } from "./block-table.ts";
import { judgeTraffic, type Observed, type PumpingSettings } from "./judge-traffic.ts";
import { beginningsOf, nameOf, type Place, type PlacesDeps, placesOf } from "./places.ts";

export type PumpingDeps = PlacesDeps & {
  readonly store: Pick<TrafficStore, "countTraffic" | "raiseBlock">;
  readonly blocks: BlockTable;
  /** Names a place of an application in the store, where neither number nor address may be read. */
  keyOf(application: string, kind: Place["kind"], label: string): string;
  readonly now: () => number;
  readonly events: {
    /** A place was blocked, or would have been. */
    placeBlocked(block: Block): void;
    /** A message was refused, or would have been. */
    sendSuspected(event: {
      readonly application: string;
      readonly kind: string;
      readonly cause: BlockCause;
      readonly enforced: boolean;
    }): void;
  };
  readonly onFault: (cause: unknown) => void;
  /** How long messages wait for others to be counted with: one write then does for many. */
  readonly gatherMs?: number;
};

/**
 * Stops whoever has messages sent for the money that carriers pay for them: such codes are never typed. A message is asked of the
 * blocks in memory; it is counted, and its places are judged, behind it, so that nobody waits for that.
 */
export function createPumpingGuard(
  deps: PumpingDeps,
  settings: PumpingSettings,
): SendGuard & TrafficObserver & { settled(): Promise<void> } {
  const queue = createQueue(deps, settings);
  const placed = (application: string, places: readonly Place[]): Placed[] => places.map((place) => ({ ...place, application }));
  const observe =
    (what: "verified" | "delivered"): TrafficObserver["verified"] =>
    ({ application, recipient, client }) =>
      queue.add(what, placed(application, placesOf(deps, recipient, client)));
  return {
    async admit(ask) {
      if (settings.mode === "off" || ask.recipient.kind !== "phone") return { outcome: "admitted" };
      const places = placed(ask.caller.application.id, placesOf(deps, ask.recipient, ask.client));
      const block = findBlock(deps, ask, places);
      if (block) {
        deps.blocks.hit(block.key);
        deps.events.sendSuspected({ application: block.application, kind: block.kind, cause: block.cause, enforced: block.enforced });
        if (block.enforced) return refuse(ask, block, deps.now());
      }
      return { outcome: "admitted", confirm: () => queue.add("sent", places) };
    },
    verified: observe("verified"),
    delivered: observe("delivered"),
    settled: queue.settled,
  };
}

type Placed = Place & { readonly application: Application["id"] };

/** One that refuses, rather than one that only watches. Operators may have blocked any beginning of a number. */
function findBlock(deps: PumpingDeps, { caller, recipient }: SendAsk, places: readonly Placed[]): Block | undefined {
  const application = caller.application.id;
  const beginnings = beginningsOf(recipient.value).map((label) => ({ application, kind: "prefix", label }) as const);
  const found = [...places, ...beginnings].flatMap((place) => deps.blocks.find(place) ?? []);
  const running = found.filter(({ until }) => until > deps.now());
  return running.find(({ enforced }) => enforced) ?? running[0];
}

function refuse({ caller }: SendAsk, { kind, until }: Block, now: number): Admission {
  if (caller.kind === "browser") return { outcome: "suppressed", why: `blocked ${kind}` };
  const scope = kind;
  const message = "hardly any code that was sent there lately was used; nothing is sent for now";
  return { outcome: "refused", refusal: { reason: "RATE_LIMITED", message, retryAfterMs: until - now, metadata: { scope } } };
}

type Waiting = { readonly what: TrafficAdd["what"]; readonly places: readonly Placed[] };

/** Counts many messages at a time: one write is under way at most, and what comes meanwhile goes together in the next. */
function createQueue(deps: PumpingDeps, settings: PumpingSettings) {
  const { gatherMs = 0 } = deps;
  const waiting: Waiting[] = [];
  let isCounting = false;
  let done: Promise<void> = Promise.resolve();

  async function countAll(): Promise<void> {
    isCounting = true;
    while (waiting.length > 0) {
      if (gatherMs > 0 && waiting.length < atOnce) await new Promise((resolve) => setTimeout(resolve, gatherMs));
      const batch = waiting.splice(0, atOnce);
      await count(deps, settings, batch).catch((cause) => {
        if (!(cause instanceof StoreUnavailable)) deps.onFault(cause);
      });
    }
    isCounting = false;
  }

  return {
    add(what: Waiting["what"], places: readonly Placed[]): void {
      // A store that is away must not fill the memory: what is not counted is only missed.
      if (settings.mode === "off" || places.length === 0 || waiting.length >= maxWaiting) return;
      waiting.push({ what, places });
      if (!isCounting) done = countAll();
    },
    settled: () => done,
  };
}

const atOnce = 200;
const maxWaiting = 10_000;

/** Messages that are counted together mostly go to the same few places. */
function rememberKeys({ keyOf }: Pick<PumpingDeps, "keyOf">): (place: Placed) => string {
  const keys = new Map<string, string>();
  return (place) => {
    const name = nameOf(place);
    const key = keys.get(name) ?? keyOf(place.application, place.kind, place.label);
    keys.set(name, key);
    return key;
  };
}

async function count(deps: PumpingDeps, settings: PumpingSettings, batch: readonly Waiting[]): Promise<void> {
  const keyOf = rememberKeys(deps);
  const adds = batch.flatMap(({ what, places }) =>
    places.map((place) => ({ key: keyOf(place), what, ...(what === "sent" && place.line !== undefined && { line: place.line }) })),
  );
  const counted = await deps.store.countTraffic(adds);
  let next = 0;
  for (const { what, places } of batch) {
    const observed = Object.fromEntries(places.map((place) => [place.kind, counted[next++]])) as Observed;
    if (what !== "sent") continue;
    for (const [kind, cause] of Object.entries(judgeTraffic(observed, settings.thresholds))) {
      const place = places.find((each) => each.kind === kind);
      if (place) await block(deps, settings, place, cause);
    }
  }
}

async function block(deps: PumpingDeps, settings: PumpingSettings, place: Placed, cause: BlockCause): Promise<void> {
  const known = deps.blocks.find(place);
  if (known && known.until > deps.now()) return;
  const { application, kind, label } = place;
  const key = deps.keyOf(application, kind, label);
  const enforced = settings.mode === "enforce";
  const raised = await deps.store.raiseBlock({ key, application, kind, label, cause, enforced, lengthsMs: settings.blockLengthsMs });
  deps.blocks.add(raised);
  deps.events.placeBlocked(raised);
}
