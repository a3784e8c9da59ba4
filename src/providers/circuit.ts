import type { IBreaker } from "cockatiel";
import { circuitLibrary } from "./circuit-library.ts";

export type CircuitSettings = {
  /** So many bad outcomes in a row open it. */
  readonly failures: number;
  /** How long it stays open before one message tries whether all is well again. */
  readonly openMs: number;
};

/** `neutral` says nothing about the provider: neither how it is, nor that it is there. */
export type Verdict = "good" | "bad" | "neutral";

/** What is known of one provider in one country. */
export type Circuit = {
  /** Since when messages are better given to others, in milliseconds of `performance.now`; undefined when they may pass. */
  openSince(): number | undefined;
  /** Runs one message that is judged. Of those that come while the circuit is open, one is the probe, and the others teach nothing. */
  run<Result>(send: () => Promise<Result>, judge: (result: Result) => Verdict): Promise<Result>;
  /** What became of a message that was accepted before: whether its receipt came. */
  report(verdict: "good" | "bad"): void;
};

/**
 * The states and what moves between them are cockatiel's. When a probe is due is decided here: by the monotonic clock, where the
 * library asks the wall clock, and early when there is nobody else to give the message to.
 */
export function createCircuit({ failures, openMs }: CircuitSettings, onChange: (state: "open" | "closed") => void): Circuit {
  const { CircuitState, circuitBreaker, handleWhenResult } = circuitLibrary();
  const row = createRow(failures);
  const policy = circuitBreaker(
    handleWhenResult((verdict) => verdict !== "good"),
    { breaker: row, halfOpenAfter: Number.NEGATIVE_INFINITY },
  );
  let openedAt = 0;
  let probeAt = 0;
  let known: "open" | "closed" = "closed";
  policy.onStateChange((state) => {
    if (state === CircuitState.HalfOpen) return;
    openedAt = performance.now();
    probeAt = openedAt + openMs;
    const next = state === CircuitState.Open ? "open" : "closed";
    if (next !== known) onChange(next);
    known = next;
  });
  const count = async (verdict: Verdict): Promise<void> => {
    // Late news of an open circuit is no probe: it tells how things were.
    if (policy.state === CircuitState.Closed && verdict !== "neutral") await policy.execute(() => verdict);
  };
  const probe = async <Result>(send: () => Promise<Result>, judge: (result: Result) => Verdict): Promise<Result> => {
    const sent = Promise.withResolvers<Result>();
    const verdict = await policy.execute(async () => {
      sent.resolve(send());
      return sent.promise.then(judge, () => "bad" as const);
    });
    if (verdict === "neutral") probeAt = 0;
    return sent.promise;
  };
  return {
    openSince() {
      if (policy.state === CircuitState.Closed) return undefined;
      return policy.state === CircuitState.Open && performance.now() >= probeAt ? undefined : openedAt;
    },
    async run(send, judge) {
      if (policy.state === CircuitState.Open) return probe(send, judge);
      const result = await send();
      await count(judge(result));
      return result;
    },
    report(verdict) {
      row.noteReceipt(verdict);
      if (row.isOver()) void count("bad");
    },
  };
}

/**
 * Bad outcomes in a row, of answers and of receipts apart: a provider that accepts everything and delivers nothing must not look
 * well for its answers. After a probe, which can show answers only, one more missing receipt is enough.
 */
function createRow(failures: number): IBreaker & { noteReceipt(verdict: "good" | "bad"): void; isOver(): boolean } {
  let answers = 0;
  let receipts = 0;
  return {
    state: undefined,
    success() {
      answers = 0;
      receipts = Math.min(receipts, failures - 1);
    },
    failure() {
      answers += 1;
      return answers >= failures || receipts >= failures;
    },
    noteReceipt(verdict) {
      receipts = verdict === "good" ? 0 : receipts + 1;
    },
    isOver: () => receipts >= failures,
  };
}
