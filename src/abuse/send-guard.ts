import type { Admission, SendAsk, SendGuard } from "../otp/guard-ports.ts";

export type SendChecks = {
  /** What depends on whom the message is to, and costs nothing: policy, pumping guard. */
  readonly ofRecipient: readonly SendGuard[];
  /** What depends on who asks, and how often: captcha, then the limits, so that who is refused has used up nothing. */
  readonly ofCaller: readonly SendGuard[];
  /** What costs money, and so is asked about messages that nothing else stands in the way of: the look-up. */
  readonly last?: readonly SendGuard[];
};

type Admitted = Extract<Admission, { outcome: "admitted" }>;
type Other = Exclude<Admission, Admitted>;

/**
 * Asks one check after the other. The first that refuses decides, and what those before it took is given back.
 *
 * A recipient that gets nothing, while its caller may not know, ends the questions about the recipient: nobody is paid for an answer that
 * changes nothing. Those about the caller are still asked: limits and captchas that such recipients were exempt from would tell who they are.
 */
export function createSendGuard({ ofRecipient, ofCaller, last = [] }: SendChecks): SendGuard {
  return {
    async admit(ask, signal) {
      const admitted: Admitted[] = [];
      const asking = { signal, admitted };
      const taken = (...others: readonly (Other | undefined)[]) => new Set([...admitted, ...others.filter((each) => each !== undefined)]);
      try {
        const about = ask.unsent ? undefined : await firstOther(ofRecipient, ask, asking);
        const by = about?.outcome === "refused" ? undefined : await firstOther(ofCaller, ask, asking);
        const [other, lastAskedMs] = about || by || ask.unsent ? [decisive(about, by), 0] : await timed(firstOther(last, ask, asking));
        if (!other) return { ...together(admitted), lastAskedMs };
        if (other.outcome === "suppressed") return { ...other, lastAskedMs, release: () => release(taken(about, by, other)) };
        await release(taken(about, by));
        return other;
      } catch (error) {
        // What is taken is given back if that can be done at all; the failure is what has to be told.
        await release(admitted).catch(() => {});
        throw error;
      }
    },
  };
}

/** A refusal, if there is one: who is refused may know. */
const decisive = (about: Other | undefined, by: Other | undefined): Other | undefined => (by?.outcome === "refused" ? by : (about ?? by));

async function timed<T>(work: Promise<T>): Promise<[T, number]> {
  const startedAt = performance.now();
  return [await work, performance.now() - startedAt];
}

type Asking = { readonly signal: AbortSignal; readonly admitted: Admitted[] };

async function firstOther(checks: readonly SendGuard[], ask: SendAsk, { signal, admitted }: Asking): Promise<Other | undefined> {
  for (const check of checks) {
    signal.throwIfAborted();
    const admission = await check.admit(ask, signal);
    if (admission.outcome !== "admitted") return admission;
    admitted.push(admission);
  }
  return undefined;
}

const release = async (taken: Iterable<Admission>): Promise<void> => {
  await Promise.all([...taken].map((each) => (each.outcome === "refused" ? undefined : each.release?.())));
};

function together(admitted: readonly Admitted[]): Admitted {
  const simSwappedAt = admitted.find((each) => each.simSwappedAt !== undefined)?.simSwappedAt;
  return {
    outcome: "admitted",
    release: () => release(admitted),
    confirm() {
      for (const each of admitted) each.confirm?.();
    },
    ...(simSwappedAt !== undefined && { simSwappedAt }),
  };
}
