/**
 * The same attack on two services, of which one has the bound and the other has it as wide as it goes. What the first cuts off, the
 * second must not: otherwise something else did it, and the test would say nothing of the bound.
 */
import { onTestFinished } from "vitest";
import type { HttpLimits } from "../../src/http/listen-http.ts";
import { type ConnectionLimits, createConnectionGate } from "../../src/rpc/connection-gate.ts";
import type { GrpcLimits } from "../../src/rpc/listen-grpc.ts";
import { startWires, useCasesThat } from "../rpc/fixture.ts";
import type { Addresses } from "../rpc/wire-clients.ts";
import { openPeer, type Peer, type PeerOptions } from "./peer.ts";

export type Limits = {
  readonly grpc?: Partial<GrpcLimits>;
  readonly http?: Partial<HttpLimits>;
  readonly connections?: Partial<ConnectionLimits>;
};

const wide: ConnectionLimits = { maxConnections: 100_000, maxConnectionsPerClient: 100_000, maxBytesPerSecond: 2 ** 30, calmMs: 0 };

const notFound = async () => ({ ok: false, refusal: { reason: "CHALLENGE_NOT_FOUND", message: "no" } }) as const;

export async function startBounded({ grpc, http, connections }: Limits): Promise<Addresses> {
  const service = await startWires({
    useCases: useCasesThat({ getChallenge: notFound }),
    ...(grpc && { grpc }),
    ...(http && { http }),
    newGate: () => createConnectionGate({ ...wide, ...connections }, (address) => address),
  });
  onTestFinished(() => void service.close());
  return service.addresses;
}

/** A connection that the test closes at its end. */
export async function attackFrom(address: string, options?: PeerOptions): Promise<Peer> {
  const peer = await openPeer(address, options);
  onTestFinished(() => void peer.socket.destroy());
  return peer;
}
