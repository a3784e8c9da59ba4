import type { Instruments } from "./metric-instruments.ts";

/** From a verification on SQLite to the longest deadline. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];

type Call = { readonly rpc: string; readonly wire: string; readonly isStream: boolean };

/** Our own failures; every other refusal is an answer that the service is there to give. */
const failures: ReadonlySet<string> = new Set([
  "INTERNAL",
  "STORE_UNAVAILABLE",
  "DELIVERY_FAILED",
  "DEADLINE_EXCEEDED",
  "SHUTTING_DOWN",
  "OVERLOADED",
]);

/** Rate, errors and duration of every RPC, as the wires tell of them. The names of RPCs and reasons are those of the contract. */
export function createCallMetrics({ counter, gauge, histogram }: Instruments) {
  const requests = counter({
    name: "requests_total",
    help: "Calls that ended, by RPC, wire and reason (OK, a reason of the contract, or CANCELED by the caller)",
    labels: ["rpc", "wire", "reason"],
  });
  const inFlight = gauge({ name: "requests_in_flight", help: "Calls that were begun and have not ended", labels: ["rpc", "wire"] });
  const seconds = histogram({
    name: "request_duration_seconds",
    help: "How long calls took, without those whose answer is a stream; outcome is ok, refused, failed (ours to mend) or canceled",
    labels: ["rpc", "wire", "outcome"],
    buckets,
  });
  return ({ rpc: fullName, wire, isStream }: Call): ((reason: string) => void) => {
    const rpc = shortName(fullName);
    const begunAt = performance.now();
    inFlight.inc({ rpc, wire });
    return (reason) => {
      inFlight.dec({ rpc, wire });
      requests.inc({ rpc, wire, reason });
      if (!isStream) seconds.observe({ rpc, wire, outcome: outcomeOf(reason) }, (performance.now() - begunAt) / 1000);
    };
  };
}

function outcomeOf(reason: string): "ok" | "refused" | "failed" | "canceled" {
  if (reason === "OK") return "ok";
  if (reason === "CANCELED") return "canceled";
  return failures.has(reason) ? "failed" : "refused";
}

/** `CodeService/SendCode` of `countersign.v1.CodeService/SendCode`. */
const shortName = (rpc: string): string => rpc.slice(rpc.lastIndexOf(".") + 1);
