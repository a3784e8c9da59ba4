import { StoreUnavailable } from "../otp/refusal.ts";
import type { Store } from "../otp/store-ports.ts";
import type { Block } from "../otp/traffic.ts";
import type { Instruments } from "./metric-instruments.ts";

/** From a read in memory to where a store that does not answer is given up. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

type Verb = (...args: never[]) => Promise<unknown>;
type Told = Readonly<Record<string, ((answer: never) => void) | undefined>>;

/** The same store, whose operations are counted and timed; and what it says of itself when others ask it anyhow. */
export function createStoreMetrics(instruments: Instruments): (store: Store) => Store {
  const { counter, gauge, histogram } = instruments;
  const operations = counter({
    name: "store_operations_total",
    help: "Operations of the store, by verb and outcome: what the store decided (approved, mismatch, ...), ok, unavailable or failed",
    labels: ["verb", "outcome"],
  });
  const seconds = histogram({
    name: "store_operation_duration_seconds",
    help: "How long operations of the store took, waiting for their turn included",
    labels: ["verb"],
    buckets,
  });
  const inFlight = gauge({
    name: "store_operations_in_flight",
    help: "Operations that wait for the store: for the next commit (SQLite), or for a connection or an answer (MongoDB)",
  });
  const up = gauge({ name: "store_up", help: "1 when the last operation was answered, 0 when the store was away", aggregator: "min" });
  up.set(1);
  const told = createToldMetrics(instruments);
  const counting =
    (verb: string, run: Verb): Verb =>
    async (...args) => {
      const begunAt = performance.now();
      inFlight.inc();
      let outcome = "failed";
      try {
        const answer = await run(...args);
        outcome = decisionOf(answer);
        up.set(1);
        told[verb]?.(answer as never);
        return answer;
      } catch (error) {
        if (error instanceof StoreUnavailable) {
          outcome = "unavailable";
          up.set(0);
        }
        throw error;
      } finally {
        inFlight.dec();
        operations.inc({ verb, outcome });
        seconds.observe({ verb }, (performance.now() - begunAt) / 1000);
      }
    };
  return (store) => {
    const { close, ...verbs } = store;
    return { ...Object.fromEntries(Object.entries<Verb>(verbs).map(([verb, run]) => [verb, counting(verb, run)])), close } as Store;
  };
}

/** Of the verbs that decide something, what; these words are types of ours (`otp/ledger.ts`), so there are few of them. */
function decisionOf(answer: unknown): string {
  if (typeof answer !== "object" || answer === null || !("status" in answer)) return "ok";
  return typeof answer.status === "string" ? answer.status : "ok";
}

function createToldMetrics({ gauge }: Instruments): Told {
  const blocks = gauge({
    name: "pumping_blocks",
    help: "Places that are blocked now, or would be while the guard only watches; every replica reads the same from the store",
    labels: ["kind", "cause", "enforced"],
    aggregator: "max",
  });
  const due = gauge({
    name: "fallbacks_due",
    help: "Challenges found waiting for their next channel when last looked at, at most 50",
    aggregator: "max",
  });
  return {
    listBlocks(running: readonly Block[]) {
      blocks.reset();
      for (const { kind, cause, enforced } of running) blocks.inc({ kind, cause, enforced: String(enforced) });
    },
    dueFallbacks: (refs: readonly unknown[]) => due.set(refs.length),
  };
}
