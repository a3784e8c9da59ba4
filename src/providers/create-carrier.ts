import type { RandomBytes } from "../otp/code.ts";
import type { Attempt, Carrier, Message, SendResult } from "../otp/ports.ts";
import type { GuardedProvider } from "./guard-provider.ts";
import { type RoutingRule, route } from "./route.ts";
import { minTryMs, reserveMs, shareMs } from "./share-time.ts";

export type CarrierDeps = {
  readonly providers: ReadonlyMap<string, GuardedProvider>;
  readonly random: RandomBytes;
  /** The country of a phone number in E.164, if it has one. */
  countryOf(to: string): string | undefined;
};

/**
 * One provider after another while the message is definitely not out. A refused recipient is refused everywhere; an ambiguous
 * answer is not followed by another try, because that could be a second message. Providers that lately failed are asked last, the
 * one longest unasked first: a circuit orders providers, it never leaves a message with nobody.
 */
export function createCarrier(rules: readonly RoutingRule[], { providers, random, countryOf }: CarrierDeps): Carrier {
  return {
    async carry(message, { signal, remainingMs, onAttempt }) {
      const endsAt = performance.now() + remainingMs - reserveMs(remainingMs);
      const country = countryOf(message.to);
      const located = { ...message, ...(country !== undefined && { country }) };
      const waiting = route(rules, located, random).flatMap((name) => providers.get(name) ?? []);
      if (waiting.length === 0) return decide(nobody, onAttempt);
      const failed: Attempt[] = [];
      while (waiting.length > 0 && !signal.aborted) {
        const leftMs = endsAt - performance.now();
        if (failed.length > 0 && leftMs < minTryMs) break;
        const { provider, others } = takeNext(waiting, located);
        const attempt = await tryOnce(provider, located, { signal, leftMs, shareMs: shareMs(leftMs, others) });
        onAttempt(attempt);
        if (isDecided(attempt.result)) return attempt;
        failed.push(attempt);
      }
      return summarize(failed);
    },
  };
}

/** The next one, and how many are to have time after it: those that lately failed get none while there are others. */
function takeNext(waiting: GuardedProvider[], message: Message): { provider: GuardedProvider; others: number } {
  const since = waiting.map((each) => each.openSince(message) ?? notOpen);
  const at = since.indexOf(Math.min(...since));
  const [provider] = waiting.splice(at, 1);
  const others = since[at] === notOpen ? since.filter((each) => each === notOpen).length : since.length;
  return { provider: provider as GuardedProvider, others: others - 1 };
}

const notOpen = Number.NEGATIVE_INFINITY;

type Terms = { readonly signal: AbortSignal; readonly leftMs: number; readonly shareMs: number };

/**
 * The share is for what comes before the request has left, when another provider can still be asked. From then on this one has
 * all the time there is: to give it up would only turn an answer that is late into one that is not known.
 */
async function tryOnce(provider: GuardedProvider, message: Message, { signal, leftMs, shareMs: forOne }: Terms): Promise<Attempt> {
  const started = performance.now();
  const own = new AbortController();
  const end = () => own.abort(new DOMException("the time for this provider is over", "TimeoutError"));
  let timer: NodeJS.Timeout | undefined = setTimeout(end, forOne);
  const onWritten = () => {
    if (!timer) return;
    clearTimeout(timer);
    timer = setTimeout(end, leftMs - (performance.now() - started));
  };
  try {
    const result = await provider.send(message, AbortSignal.any([signal, own.signal]), onWritten);
    return { provider: provider.name, result, durationMs: performance.now() - started };
  } finally {
    clearTimeout(timer);
    timer = undefined;
  }
}

const isDecided = (result: SendResult): boolean =>
  result.outcome === "accepted" ||
  result.outcome === "unknown" ||
  result.failure === "recipient_refused" ||
  result.failure === "recipient_opted_out";

const nobody: Attempt = {
  provider: "",
  result: { outcome: "permanent", failure: "recipient_refused", vendorCode: "no_route" },
  durationMs: 0,
};

const tooLate: Attempt = { provider: "", result: { outcome: "retryable", failure: "timeout" }, durationMs: 0 };

function decide(attempt: Attempt, onAttempt: (attempt: Attempt) => void): Attempt {
  onAttempt(attempt);
  return attempt;
}

/** The last failure; worth another try as long as any of them was. */
function summarize(failed: readonly Attempt[]): Attempt {
  const last = failed.at(-1) ?? tooLate;
  if (last.result.outcome === "accepted" || !failed.some(({ result }) => result.outcome === "retryable")) return last;
  return { ...last, result: { ...last.result, outcome: "retryable" } };
}
