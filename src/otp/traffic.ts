/** What is known of the places that messages go to and are asked from: the ground for a verdict on whether somebody pumps messages. */

/** `prefix`: a number without its last four digits. `network`: the /24 or /48 a client is in. */
export const trafficKinds = ["prefix", "dial_code", "network"] as const;
export type TrafficKind = (typeof trafficKinds)[number];

/** Of an hour's half-life: what was counted an hour ago counts half. */
export type Traffic = {
  readonly sent: number;
  readonly delivered: number;
  readonly verified: number;
  /** By the store's clock. */
  readonly at: number;
  readonly verifiedAt?: number;
  /** Last four digits of the latest numbers of a prefix, oldest first; looked at no more when nothing came for two hours. */
  readonly lines: readonly number[];
};

export const halfLifeMs = 3_600_000;
export const maxLines = 24;
export const forgetLinesMs = 2 * halfLifeMs;
/** After so long without anything there is nothing left to tell, but that a country was proven; see `judge-traffic.ts`. */
export const keepTrafficMs = 14 * 86_400_000;

export type TrafficAdd = {
  /** A keyed digest, which says nothing of number or address. */
  readonly key: string;
  readonly what: "sent" | "delivered" | "verified";
  readonly line?: number;
};

export const blockCauses = ["low_conversion", "sequential_numbers", "concentration", "unproven_country", "operator"] as const;
export type BlockCause = (typeof blockCauses)[number];

/** A place that messages are not sent to, or not sent for; or would not be, while the guard only watches. */
export type Block = {
  readonly key: string;
  readonly application: string;
  readonly kind: TrafficKind;
  /** The prefix, dial code or network itself, for operators: it is a place, and nobody's number. */
  readonly label: string;
  readonly cause: BlockCause;
  /** How many times in a row; each lasts longer. */
  readonly level: number;
  readonly since: number;
  readonly until: number;
  /** False: it refuses nothing, and only counts what it would have refused. */
  readonly enforced: boolean;
  readonly hits: number;
};

export type BlockRequest = Pick<Block, "key" | "application" | "kind" | "label" | "cause" | "enforced"> & {
  /** How long the first, second … lasts; the last one repeats. */
  readonly lengthsMs: readonly number[];
};

/** A place that has been free for that long begins with the shortest block again. */
export const forgetBlocksMs = 7 * 86_400_000;

/** What was counted, as it weighs now. */
export function decayed(traffic: Traffic, now: number): Traffic {
  const factor = 0.5 ** (Math.max(0, now - traffic.at) / halfLifeMs);
  const { sent, delivered, verified } = traffic;
  return {
    ...traffic,
    sent: sent * factor,
    delivered: delivered * factor,
    verified: verified * factor,
    lines: now - traffic.at > forgetLinesMs ? [] : traffic.lines,
    at: Math.max(now, traffic.at),
  };
}

const nothing: Omit<Traffic, "at"> = { sent: 0, delivered: 0, verified: 0, lines: [] };

/** The rule that both stores follow. */
export function addTraffic(before: Traffic | undefined, { what, line }: TrafficAdd, now: number): Traffic {
  const traffic = before ? decayed(before, now) : { ...nothing, at: now };
  return {
    ...traffic,
    [what]: traffic[what] + 1,
    ...(what === "verified" && { verifiedAt: traffic.at }),
    ...(line !== undefined && { lines: [...traffic.lines, line].slice(-maxLines) }),
  };
}

/** A block that is still running stays as it is; only enforcement may be added to it. */
export function raiseBlock(before: Block | undefined, request: BlockRequest, now: number): Block {
  const { lengthsMs, ...of } = request;
  if (before && before.until > now) return { ...before, enforced: before.enforced || request.enforced };
  const level = before && before.until + forgetBlocksMs > now ? before.level + 1 : 1;
  const lengthMs = lengthsMs[Math.min(level, lengthsMs.length) - 1] ?? 0;
  return { ...of, level, since: now, until: now + lengthMs, hits: 0 };
}
