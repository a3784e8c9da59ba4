import { formatChallengeId } from "./challenge-id.ts";
import type { OtpDeps } from "./deps.ts";
import { fallBack } from "./fall-back.ts";
import type { ChallengeRef } from "./ledger.ts";
import { maskRecipient } from "./mask.ts";
import { pause } from "./pause.ts";
import { StoreUnavailable } from "./refusal.ts";
import { unsealSend } from "./sealed-send.ts";
import type { Application, Call } from "./types.ts";

export type FallbackRunnerOptions = {
  readonly applications: readonly Application[];
  readonly now: () => number;
  /** Between two looks at the store. */
  readonly pauseMs?: number;
  readonly onFault: (cause: unknown) => void;
  /** Runs a move as part of something greater, such as a trace. */
  readonly around?: (ref: ChallengeRef, work: () => Promise<void>) => Promise<void>;
};

/** Challenges looked at in one go, by one replica; what is left comes next. */
const atOnce = 50;

/**
 * Moves challenges on to their next channel when their time has come. Every replica runs one, all look at the same challenges, and
 * the ledger lets one of them go on; so none has to be elected, and none can be missed.
 */
export function createFallbackRunner(deps: OtpDeps, options: FallbackRunnerOptions) {
  const { applications, now, pauseMs = 1_000, onFault, around = (_ref, work) => work() } = options;
  const byId = new Map(applications.map((application) => [application.id, application]));
  const stopped = new AbortController();

  const moving = new Set<Promise<void>>();

  async function run(): Promise<void> {
    const due = await deps.ledgers.dueFallbacks({ before: now(), limit: atOnce });
    if (stopped.signal.aborted) return;
    for (const ref of due) {
      const move: Promise<void> = around(ref, () => moveOn(deps, ref, byId.get(ref.application)))
        .catch(report)
        .finally(() => moving.delete(move));
      moving.add(move);
    }
    await Promise.all(moving);
  }

  /** A store that is away is told of elsewhere, and the next look finds what this one did not. */
  function report(cause: unknown): void {
    if (!(cause instanceof StoreUnavailable)) onFault(cause);
  }

  async function loop(): Promise<void> {
    while (!stopped.signal.aborted) {
      await run().catch(report);
      await pause(pauseMs, stopped.signal);
    }
  }

  void loop();
  return {
    /** Begins no more, and waits for the messages under way; not for a look at a store that may not answer. */
    async close(): Promise<void> {
      stopped.abort();
      await Promise.all(moving);
    },
  };
}

async function moveOn(deps: OtpDeps, ref: ChallengeRef, application: Application | undefined): Promise<void> {
  const view = await deps.ledgers.read(ref);
  const last = view && Object.values(view.challenge.deliveries).at(-1);
  if (
    !view ||
    !last ||
    !application ||
    view.challenge.state !== "open" ||
    view.now >= view.challenge.expiresAt ||
    last.state === "delivered"
  ) {
    await deps.ledgers.endFallback(ref);
    return;
  }
  const call: Call = {
    caller: { application, kind: "service", rights: ["codes"], keyId: "" },
    signal: AbortSignal.timeout(deps.maxDeadlineMs),
    remainingMs: () => deps.maxDeadlineMs,
  };
  const send = unsealSend(deps.keyring, ref, view.challenge.sealed);
  const delivered = await fallBack(deps, { ref, view, send }, call);
  if (!delivered) return;
  deps.events.codeFellBack({
    application: application.id,
    reason: delivered.refusal?.reason ?? "OK",
    challengeId: formatChallengeId(ref),
    channel: Object.values(delivered.view.challenge.deliveries).at(-1)?.channel ?? last.channel,
    recipient: maskRecipient(send.recipient),
    purpose: view.challenge.purpose,
  });
}
