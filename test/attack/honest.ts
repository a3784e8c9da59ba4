/** Honest callers, in a process of their own, who tell on request how long they waited since they were last asked. */
import { setTimeout as sleep } from "node:timers/promises";
import { type WireClient, wireClients } from "../rpc/wire-clients.ts";

const [grpc = "", http = ""] = process.argv.slice(2);
const callers = 4;
const pauseMs = 10;

const waits: number[] = [];
let failures = 0;

/** A challenge that does not exist: through the wire, the caller's key and the store, and nothing is changed by it. */
const call = { method: "GetChallenge", request: { challengeId: "232KF6YfarIwbE5BOZytGSV9iFgHh5OgwuEU" } } as const;

async function ask(wire: WireClient): Promise<void> {
  for (;;) {
    const started = performance.now();
    const answer = await wire.send(call).catch(() => undefined);
    waits.push(performance.now() - started);
    if (answer?.code !== "NOT_FOUND") failures += 1;
    await sleep(pauseMs);
  }
}

process.on("message", () => {
  const sorted = waits.splice(0).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  process.send?.({ calls: sorted.length, failures, p50: at(0.5), p99: at(0.99), worst: sorted.at(-1) ?? Number.NaN });
  failures = 0;
});
process.on("disconnect", () => process.exit());

const wires = wireClients({ grpc, http }).filter(({ name }) => name === "gRPC" || name === "JSON");
await Promise.all(Array.from({ length: callers }, (_, index) => ask(wires[index % wires.length] as WireClient)));
