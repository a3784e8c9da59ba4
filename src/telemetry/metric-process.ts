import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { collectDefaultMetrics } from "prom-client";
import type { ChallengeRef } from "../otp/ledger.ts";
import type { Watches } from "../otp/watches.ts";
import type { Instruments } from "./metric-instruments.ts";

/** The process itself: memory, processor, garbage collection, event-loop delay; under the names that every Node dashboard knows. */
export function createProcessMetrics({ registry, gauge }: Instruments): void {
  collectDefaultMetrics({ register: registry });
  const build = gauge({
    name: "build_info",
    help: "Always 1; which version this is, on which Node",
    labels: ["version", "node"],
    aggregator: "first",
  });
  build.set({ version: readVersion(), node: process.versions.node }, 1);
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "";
}

type Gate = { admit(socket: Socket): boolean };

/** The same door of a listener, where connections are counted as they come and go. */
export function createConnectionMetrics({ counter, gauge }: Instruments): <G extends Gate>(listener: string, gate: G) => G {
  const open = gauge({
    name: "connections",
    help: "Connections that are open, by listener (grpc, http, admin, metrics)",
    labels: ["listener"],
  });
  const connections = counter({
    name: "connections_total",
    help: "Connections that came to a listener: admitted, or refused since the listener or the client had its most",
    labels: ["listener", "outcome"],
  });
  return (listener, gate) => {
    open.set({ listener }, 0);
    return {
      ...gate,
      admit(socket) {
        const isAdmitted = gate.admit(socket);
        connections.inc({ listener, outcome: isAdmitted ? "admitted" : "refused" });
        if (!isAdmitted) return false;
        open.inc({ listener });
        socket.once("close", () => open.dec({ listener }));
        return true;
      },
    };
  };
}

/** The same question, which is asked where a call is to be turned away; every yes is one. */
export function createShedMetrics({ counter }: Instruments): (isFull: () => boolean) => () => boolean {
  const shed = counter({ name: "calls_shed_total", help: "Calls that were turned away at the door because too many were in flight" });
  return (isFull) => () => {
    const full = isFull();
    if (full) shed.inc();
    return full;
  };
}

/** The same watches, whose watchers are counted. */
export function createWatcherMetrics({ gauge }: Instruments): (watches: Watches) => Watches {
  const watchers = gauge({ name: "watchers", help: "Callers that watch a challenge now" });
  return (watches) => ({
    ...watches,
    async *watch(ref: ChallengeRef, signal: AbortSignal) {
      watchers.inc();
      try {
        yield* watches.watch(ref, signal);
      } finally {
        watchers.dec();
      }
    },
  });
}
