/** What is worth no line of its own: all but some of the everyday successes, and the same failure again and again. */
export type Thinning = {
  /** Of so many challenges, the successes of one are written. */
  readonly keepOneIn: number;
  /** Lines of one failure in a minute; the others are counted. */
  readonly repeatsPerMinute: number;
};

type Fields = Readonly<Record<string, unknown>>;

export type LogThinning = {
  keeps(fields: Fields): boolean;
  set(thinning: Thinning): void;
  /** Tells what was left out so far. */
  flush(): void;
};

const windowMs = 60_000;
/** Kinds of failures told apart in one minute; those beyond are told apart by their event only. */
const maxKinds = 1_000;

export function createLogThinning(tell: (line: Fields) => void, thinning: Thinning): LogThinning {
  let { keepOneIn, repeatsPerMinute } = thinning;
  let kinds = new Map<string, { readonly fields: Fields; lines: number }>();
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const over = kinds;
    kinds = new Map();
    for (const { fields, lines } of over.values())
      if (lines > repeatsPerMinute)
        tell({ event: "lines_suppressed", of: fields.event, ...kindOf(fields), count: lines - repeatsPerMinute });
  };
  const isRepeated = (fields: Fields): boolean => {
    timer ??= setTimeout(flush, windowMs).unref();
    const whole = Object.values({ event: fields.event, ...kindOf(fields) }).join(" ");
    const isKnown = kinds.has(whole) || kinds.size < maxKinds;
    const kind = kinds.get(isKnown ? whole : String(fields.event)) ?? { fields: isKnown ? fields : { event: fields.event }, lines: 0 };
    kind.lines += 1;
    kinds.set(isKnown ? whole : String(fields.event), kind);
    return kind.lines > repeatsPerMinute;
  };
  return {
    keeps(fields) {
      if (isEverydaySuccess(fields)) return keepOneIn === 1 || isChosen(fields.challengeId, keepOneIn);
      return !isOneOfMany(fields) || !isRepeated(fields);
    },
    set(next) {
      flush();
      ({ keepOneIn, repeatsPerMinute } = next);
    },
    flush,
  };
}

const acts = new Set<unknown>(["code_sent", "code_resent", "code_fell_back", "code_verified", "challenge_canceled", "proof_redeemed"]);

function isEverydaySuccess({ event, reason, outcome, state }: Fields): boolean {
  if (acts.has(event)) return reason === "OK";
  return (event === "message_handled" && outcome === "accepted") || (event === "receipt_taken" && state !== "failed");
}

/** The same for every line of a challenge, on every replica: its life is told whole or not at all. */
function isChosen(challengeId: unknown, oneIn: number): boolean {
  if (typeof challengeId !== "string") return true;
  let hash = 0x811c9dc5;
  for (let at = 0; at < challengeId.length; at++) hash = Math.imul(hash ^ challengeId.charCodeAt(at), 0x01000193);
  // The lowest bits of FNV-1a depend on the lowest bits of the characters only.
  return ((hash ^ (hash >>> 15)) >>> 0) % oneIn === 0;
}

/** What strangers, or a vendor or store that is away, can bring about as often as they like. What operators and people did is never left out. */
const others = new Set<unknown>(["receipt_refused", "check_unavailable", "send_suppressed", "limit_reached"]);
/** Said of a challenge, these say nothing about it. */
const aboutNoChallenge = new Set<unknown>(["CHALLENGE_NOT_FOUND", "INVALID_ARGUMENT", "STORE_UNAVAILABLE"]);

const isOneOfMany = ({ event, reason, challengeId }: Fields): boolean =>
  others.has(event) || (acts.has(event) && (challengeId === undefined || aboutNoChallenge.has(reason)));

/** What two lines have in common that are the same failure. */
const kindOf = ({ application, reason, provider, outcome, why, check, name, channel, scope, action }: Fields): Fields => ({
  application,
  reason,
  provider,
  outcome,
  why,
  check,
  name,
  channel,
  scope,
  action,
});
