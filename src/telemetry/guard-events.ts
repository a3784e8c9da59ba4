import type { Block, BlockCause } from "../otp/traffic.ts";
import type { Logger } from "./log.ts";

/**
 * What the pumping guard found. A suspicion is told of at once, and what it refuses, or would have, once per block and minute: an attack
 * would otherwise write a line for every message.
 */
export function createGuardEvents(logger: Logger, now: () => number) {
  let told = new Set<string>();
  let minute = 0;
  const isFirst = (name: string): boolean => {
    const current = Math.floor(now() / 60_000);
    if (current !== minute) told = new Set();
    minute = current;
    const isNew = !told.has(name);
    told.add(name);
    return isNew;
  };
  return {
    placeBlocked({ application, kind, label, cause, level, since, until, enforced }: Block): void {
      const event = enforced ? "place_blocked" : "place_suspected";
      logger.warn({ event, application, kind, place: label, cause, level, seconds: Math.round((until - since) / 1000) });
    },
    sendSuspected(suspicion: {
      readonly application: string;
      readonly kind: string;
      readonly cause: BlockCause;
      readonly enforced: boolean;
    }): void {
      const { application, kind, cause, enforced } = suspicion;
      if (!isFirst(`${application} ${kind} ${cause} ${enforced}`)) return;
      logger.info({ event: enforced ? "send_blocked" : "send_would_be_blocked", application, kind, cause });
    },
  };
}
