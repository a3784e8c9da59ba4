import type { Admission, SendAsk, SendGuard } from "../otp/guard-ports.ts";
import { type FullCounter, type LimitTake, monotonicMs } from "../otp/limit-counter.ts";
import type { Refusal } from "../otp/refusal.ts";
import { isSpend, type LimitAction, type LimitKey, limitActions, limitKeys, type SendLimit } from "../otp/send-limit.ts";
import type { LimitStore } from "../otp/store-ports.ts";
import { limitKeysOf } from "./limit-keys.ts";

/** A limit that was reached, for operators. Not whose: that would be a log of numbers and addresses. */
export type LimitReached = {
  readonly application: string;
  readonly key: LimitKey;
  readonly windowMs: number;
  readonly action: LimitAction;
  /** False where it let the send pass: it only records, or a captcha was solved. */
  readonly refused: boolean;
};

export type LimitsDeps = {
  readonly store: LimitStore;
  /** A keyed digest. */
  digest(...parts: readonly string[]): string;
  dialCodeOf(e164: string): string | undefined;
  /** What the message will cost, in millionths; undefined where nobody knows. Without it nothing counts as spent. */
  priceOf?(ask: SendAsk): number | undefined;
  /** Whether a captcha was solved, asked when a limit wants one. */
  passCaptcha?(ask: SendAsk, signal: AbortSignal): Promise<"none" | "passed" | "refused">;
  /** What to tell whoever has to solve one. */
  requireCaptcha?(ask: SendAsk): Refusal;
  onReached(event: LimitReached): void;
};

/** One counter: the windows of one key that lead to the same. */
type Counted = { readonly take: LimitTake; readonly key: LimitKey; readonly action: LimitAction };

/**
 * How often, by the application's table. To be asked last: who is refused by somebody else has used up nothing. All counters are taken in
 * one round trip, all or none; a captcha is asked for only when nothing else stands in the way.
 */
export function createLimitsCheck(deps: LimitsDeps): SendGuard {
  return {
    async admit(ask, signal) {
      const counted = countersOf(deps, ask);
      if (counted.length === 0) return { outcome: "admitted" };
      const first = await takeHidden(deps, ask, counted);
      if (first.admission.outcome !== "refused" || first.full.some(({ action }) => action === "refuse")) return first.admission;
      if ((await deps.passCaptcha?.(ask, signal)) !== "passed") return first.admission;
      const relieved = counted.map((each) => (each.action === "require_captcha" ? advisory(each) : each));
      return (await takeHidden(deps, ask, relieved)).admission;
    },
  };
}

/** That others have asked for numbers like this one is no business of a browser's, which sees its own limits only. */
async function takeHidden(deps: LimitsDeps, ask: SendAsk, counted: readonly Counted[]): ReturnType<typeof take> {
  const hidden = (each: Pick<Counted, "key" | "action">): boolean =>
    ask.caller.kind === "browser" && each.key === "prefix" && each.action === "refuse";
  const first = await take(deps, ask, counted);
  if (first.admission.outcome !== "refused" || !first.full.some(hidden)) return first;
  const own = await take(
    deps,
    ask,
    counted.map((each) => (hidden(each) ? { ...advisory(each), action: "record" } : each)),
  );
  const { release } = own.admission.outcome === "admitted" ? own.admission : {};
  return release ? { ...own, admission: { outcome: "suppressed", why: "limit prefix", release } } : own;
}

type Full = FullCounter & Pick<Counted, "key" | "action">;

async function take(
  deps: LimitsDeps,
  ask: SendAsk,
  counted: readonly Counted[],
): Promise<{ readonly admission: Admission; readonly full: readonly Full[] }> {
  const beganAtMs = monotonicMs();
  const takes = counted.map((each) => each.take);
  const outcome = await deps.store.takeLimits(takes);
  const full = outcome.full.flatMap((each) => {
    const found = counted.find(({ take: { id } }) => id === each.id);
    return found ? [{ ...each, key: found.key, action: found.action }] : [];
  });
  for (const { key, windowMs, action } of full)
    deps.onReached({ application: ask.caller.application.id, key, windowMs, action, refused: outcome.status === "full" });
  if (outcome.status === "full") return { admission: { outcome: "refused", refusal: refusalOf(deps, ask, full) }, full };
  const taken = takes.filter(({ id }) => !outcome.full.some((each) => each.id === id));
  let isTaken = true;
  const release = async (): Promise<void> => {
    if (!isTaken) return;
    isTaken = false;
    await deps.store.giveBackLimits({ takes: taken, beganAtMs });
  };
  return { admission: { outcome: "admitted", release }, full };
}

const advisory = (counted: Counted): Counted => ({ ...counted, take: { ...counted.take, isAdvisory: true } });

/** In one order for all calls, whatever the table's: from what few share to what all do. */
function countersOf(deps: LimitsDeps, ask: SendAsk): readonly Counted[] {
  const { application, kind } = ask.caller;
  const limits = (application.sendLimits ?? []).filter(({ callers }) => callers === "any" || callers === kind);
  const keys = limits.length > 0 ? limitKeysOf(ask, deps.dialCodeOf) : undefined;
  const price = limits.some(({ key }) => isSpend(key)) ? (deps.priceOf?.(ask) ?? 0) : 0;
  const groups = Map.groupBy(limits, ({ key, callers, action }) => `${key} ${callers} ${action}`);
  const inOrder = [...groups].toSorted(([, [a]], [, [b]]) => rankOf(a) - rankOf(b));
  return inOrder.flatMap(([name, rows]): Counted[] => {
    const [{ key, action }] = rows as [SendLimit];
    const value = keys?.[key];
    const amount = isSpend(key) ? Math.ceil(price) : 1;
    if (value === undefined || amount === 0) return [];
    const windows = rows.map(({ windowMs, max }) => ({ windowMs, max }));
    const id = deps.digest("limit", application.id, name, value);
    // Only a send has a field for a captcha's answer, and what follows it was asked for one then.
    const isAdvisory = action === "record" || (action === "require_captcha" && ask.occasion !== "send");
    return [{ key, action, take: { id, amount, windows, isAdvisory } }];
  });
}

const rankOf = (limit: SendLimit | undefined): number =>
  limit ? 10 * limitKeys.indexOf(limit.key) + limitActions.indexOf(limit.action) : 0;

const words: Readonly<Record<LimitKey, string>> = {
  client: "from this client address",
  network: "from this client's network",
  device: "from this device",
  prefix: "to numbers like this one",
  dial_code: "to this country calling code",
  application: "of this application",
  spend: "of this application for what it may spend",
  dial_code_spend: "to this country calling code for what may be spent",
};

function refusalOf(deps: LimitsDeps, ask: SendAsk, full: readonly Full[]): Refusal {
  const refusing = full.filter(({ action }) => action === "refuse");
  const waitOf = ({ retryAfterMs = Number.POSITIVE_INFINITY }: Full): number => retryAfterMs;
  const [longest] = refusing.toSorted((a, b) => (waitOf(a) < waitOf(b) ? 1 : -1));
  if (!longest)
    return deps.requireCaptcha?.(ask) ?? { reason: "CAPTCHA_REQUIRED", message: "solve a captcha and send its answer as captcha_token" };
  const { key, retryAfterMs } = longest;
  return {
    reason: "RATE_LIMITED",
    message: `too many messages ${words[key]}`,
    metadata: { scope: isSpend(key) ? "spend" : key },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}
