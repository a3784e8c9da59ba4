import type { RandomBytes } from "../otp/code.ts";
import { createDurations, type Durations } from "../otp/durations.ts";
import type { Admission, NumberFacts, NumberLookup, SendAsk, SendGuard } from "../otp/guard-ports.ts";
import type { DescribedNumber, LookupTerms } from "../otp/number-policy.ts";
import { pause } from "../otp/pause.ts";
import type { Application } from "../otp/types.ts";
import { refuseRecipient } from "./policy-refusal.ts";
import { isPhoneChannel, judgeNumber } from "./policy-rules.ts";

export type LookupDeps = {
  /** By the names applications use them by; what is remembered of a number is each application's own. */
  lookupOf(name: string, application: Application): NumberLookup;
  describeNumber(e164: string): DescribedNumber;
  readonly random: RandomBytes;
  /** Milliseconds since 1970. */
  now(): number;
  /** Told when nobody could say, and what was made of it. */
  onUnavailable(event: { readonly application: string; readonly name: string; readonly outcome: "closed" | "open" }): void;
};

/** Whether a number still is its owner's, and can be reached, as its carrier says. Costs money, so asked after what costs none. */
export function createLookupCheck(deps: LookupDeps): SendGuard {
  const inPace = createPace(deps.random);
  return {
    async admit(ask, signal) {
      const { caller, channel, recipient } = ask;
      const terms = caller.application.lookup;
      if (!terms || recipient.kind !== "phone" || !isPhoneChannel(channel) || !terms.channels.has(channel)) return { outcome: "admitted" };
      const wants = { simSwap: terms.simSwap !== undefined, lineType: terms.lineType, reachability: terms.reachability };
      const lookup = deps.lookupOf(terms.use, caller.application);
      const facts = await inPace(terms.use, ask, { signal, work: lookup.lookup(recipient.value, wants, signal) });
      if (facts !== "unavailable") return judgeFacts(deps, ask, { terms, facts });
      signal.throwIfAborted();
      deps.onUnavailable({ application: caller.application.id, name: terms.use, outcome: terms.onFailure });
      return terms.onFailure === "open" ? { outcome: "admitted" } : refuseUnknown(ask);
    },
  };
}

type Asking<T> = { readonly signal: AbortSignal; readonly work: Promise<T> };

/** No vendor answers sooner, over any network. */
const remembersWithinMs = 2;

/** To a browser, an answer that is remembered, and so was asked for lately, comes as late as one that is not. */
function createPace(random: RandomBytes) {
  const known = new Map<string, Durations>();
  return async <T>(name: string, { caller }: SendAsk, { signal, work }: Asking<T>): Promise<T> => {
    const durations = known.get(name) ?? createDurations(random);
    known.set(name, durations);
    const startedAt = performance.now();
    const answer = await work;
    const tookMs = performance.now() - startedAt;
    if (tookMs >= remembersWithinMs) durations.saw(tookMs);
    else if (caller.kind === "browser") await pause((durations.draw() ?? 0) - tookMs, signal);
    return answer;
  };
}

type Found = { readonly terms: LookupTerms; readonly facts: NumberFacts };

function judgeFacts(deps: LookupDeps, ask: SendAsk, { terms, facts }: Found): Admission {
  const { caller, channel, recipient } = ask;
  const { reachable, lineType } = facts;
  if (terms.reachability && reachable === false) return refuseRecipient(ask, "unreachable");
  // The carrier knows better than the numbering plan, and is held to the same rules.
  const described = { ...deps.describeNumber(recipient.value), ...(terms.lineType && lineType && { type: lineType }) };
  const cause = terms.lineType && lineType ? judgeNumber(caller.application.policy, channel, described) : undefined;
  if (cause !== undefined) return refuseRecipient(ask, cause);
  return judgeSimSwap(ask, { terms, facts }, deps.now());
}

function judgeSimSwap(ask: SendAsk, { terms: { simSwap }, facts: { simSwappedAt } }: Found, now: number): Admission {
  if (!simSwap || simSwappedAt === undefined || now - simSwappedAt >= simSwap.recentMs) return { outcome: "admitted" };
  switch (simSwap.action) {
    case "tell":
      return { outcome: "admitted", simSwappedAt };
    case "refuse":
      return refuseRecipient(ask, "sim_swap");
    case "other_channel":
      return otherChannel(refuseRecipient(ask, "sim_swap"));
  }
}

/** A browser would see by the channel what it may not know. */
const otherChannel = (admission: Admission): Admission => (admission.outcome === "refused" ? { ...admission, elsewhere: true } : admission);

/** To a browser the same as any other refusal of a recipient: an answer that is remembered would differ from one that cannot be had. */
function refuseUnknown({ caller }: SendAsk): Admission {
  if (caller.kind === "browser") return { outcome: "suppressed", why: "lookup_unavailable" };
  const message = "the number could not be looked up, and nothing is sent without; try again later";
  return { outcome: "refused", refusal: { reason: "DELIVERY_FAILED", message, metadata: { failure: "provider_error" } } };
}
