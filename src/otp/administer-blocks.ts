import { invalid, type Violations } from "./check.ts";
import type { AdminAct } from "./ports.ts";
import { allowed, type Result } from "./refusal.ts";
import { orUnavailable } from "./refuse.ts";
import type { TrafficStore } from "./store-ports.ts";
import type { Block, TrafficKind } from "./traffic.ts";
import type { Call } from "./types.ts";

export type BlockDeps = {
  readonly traffic: Pick<TrafficStore, "listBlocks" | "raiseBlock" | "endBlock">;
  /** Names a place of an application as the guard does. */
  placeKey(application: string, kind: TrafficKind, place: string): string;
  /** The replica that was asked knows at once; the others, when they look. */
  changed(): Promise<void>;
  readonly events: { adminActed(act: AdminAct): void };
};

const maxListed = 1_000;
const usuallyListed = 100;
const maxOfAll = 10_000;
const minuteMs = 60_000;
const maxBlockMs = 90 * 86_400_000;

/** Shows the blocks of the caller's application. */
export async function listBlocks(
  { traffic }: Pick<BlockDeps, "traffic">,
  { pageSize }: { readonly pageSize: number },
  { caller }: Call,
): Promise<Result<readonly Block[]>> {
  if (pageSize < 0 || pageSize > maxListed)
    return invalid([{ field: "page_size", description: `write 1 to ${maxListed}, or 0 for ${usuallyListed}` }]);
  const all = traffic.listBlocks({ limit: maxOfAll });
  const ofApplication = all.then((blocks) => blocks.filter(({ application }) => application === caller.application.id));
  return orUnavailable(ofApplication.then((blocks) => allowed(blocks.slice(0, pageSize || usuallyListed))));
}

/** Refuses messages to all numbers with a beginning. */
export async function blockPrefix(
  deps: BlockDeps,
  { prefix, durationMs }: { readonly prefix: string; readonly durationMs: number },
  { caller }: Call,
): Promise<Result<Block>> {
  const violations: Violations = [];
  if (!/^\+[1-9]\d{0,13}$/.test(prefix)) violations.push({ field: "prefix", description: "write + and 1 to 14 digits, such as +49170" });
  if (!(durationMs >= minuteMs && durationMs <= maxBlockMs)) violations.push({ field: "duration", description: "write 60 s to 90 days" });
  if (violations.length > 0) return invalid(violations);
  const { id } = caller.application;
  const key = deps.placeKey(id, "prefix", prefix);
  const of = { key, application: id, kind: "prefix", label: prefix, cause: "operator", enforced: true } as const;
  return acted(deps, "block_prefix", { caller, place: prefix }, deps.traffic.raiseBlock({ ...of, lengthsMs: [durationMs] }));
}

/** Ends a block, whoever made it. */
export async function endBlock(
  deps: BlockDeps,
  { kind, place }: { readonly kind: TrafficKind | undefined; readonly place: string },
  { caller }: Call,
): Promise<Result<{ readonly ended: boolean }>> {
  const violations: Violations = [];
  if (!kind) violations.push({ field: "kind", description: "name one of the enum BlockKind" });
  if (place === "" || place.length > 64) violations.push({ field: "place", description: "write the place as ListBlocks shows it" });
  if (!kind || violations.length > 0) return invalid(violations);
  const ended = deps.traffic.endBlock(deps.placeKey(caller.application.id, kind, place));
  return acted(
    deps,
    "end_block",
    { caller, place },
    ended.then((was) => ({ ended: was })),
  );
}

async function acted<T>(
  deps: Pick<BlockDeps, "changed" | "events">,
  act: AdminAct["act"],
  { caller, place }: { readonly caller: Call["caller"]; readonly place: string },
  work: Promise<T>,
): Promise<Result<T>> {
  const result = await orUnavailable(work.then(allowed));
  const reason = result.ok ? "OK" : result.refusal.reason;
  deps.events.adminActed({ act, application: caller.application.id, keyId: caller.keyId, on: place.slice(0, 64), reason });
  if (result.ok) await deps.changed().catch(() => {});
  return result;
}
