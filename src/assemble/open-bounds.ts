import { BlockList, isIPv4, isIPv6 } from "node:net";
import { clientKeysOf } from "../abuse/client-key.ts";
import type { Config } from "../config/config.ts";
import type { HttpLimits, ListenHttpOptions } from "../http/listen-http.ts";
import { type ClientOf, createConnectionGate } from "../rpc/connection-gate.ts";
import type { UseCases } from "../rpc/handlers.ts";
import type { GrpcLimits, ListenGrpcOptions } from "../rpc/listen-grpc.ts";
import { createShed, type Shed } from "../rpc/shed.ts";
import type { Metrics } from "../telemetry/metrics.ts";

export type Bounds = {
  /** What a listener is to be given besides. Each has a gate of its own: whoever takes all places of one leaves those of the others. */
  grpc(): Pick<ListenGrpcOptions, "limits" | "gate" | "isOverloaded">;
  /** Operators are let in to whatever is overloaded. */
  admin(): Pick<ListenGrpcOptions, "limits" | "gate">;
  http(): Pick<ListenHttpOptions, "limits" | "gate">;
  metrics(): Pick<ListenHttpOptions, "limits" | "gate">;
  readonly isOverloaded: Shed["isFull"];
  readonly guard: Shed["guard"];
  /** Of watches, the service has a limit of its own: they last. */
  guardCodes(codes: UseCases): UseCases;
};

const mebibyte = 1_048_576;

export function openBounds({ bounds, trustedProxies }: Config, metrics: Pick<Metrics, "countConnections" | "countShed">): Bounds {
  const shed = createShed(bounds.callsInFlight);
  const isFull = metrics.countShed(shed.isFull);
  const clientOf = createClientOf(trustedProxies.networks);
  const connections = {
    maxConnections: bounds.connections,
    maxConnectionsPerClient: bounds.connectionsPerClient,
    maxBytesPerSecond: bounds.mebibytesPerSecond * mebibyte,
    calmMs: bounds.calmSeconds * 1000,
  };
  const newGate = (listener: string) => metrics.countConnections(listener, createConnectionGate(connections, clientOf));
  return {
    grpc: () => ({ limits: grpcLimits(bounds), gate: newGate("grpc"), isOverloaded: isFull }),
    admin: () => ({ limits: grpcLimits(bounds), gate: newGate("admin") }),
    http: () => ({ limits: httpLimits(bounds), gate: newGate("http") }),
    metrics: () => ({ limits: httpLimits(bounds), gate: newGate("metrics") }),
    isOverloaded: isFull,
    guard: shed.guard,
    guardCodes: ({ watchChallenge, ...codes }) => ({ ...shed.guard(codes), watchChallenge }),
  };
}

const grpcLimits = ({ grpc, headerBytes, headerFields, greetingSeconds }: Config["bounds"]): Partial<GrpcLimits> => ({
  maxHeaderBytes: headerBytes,
  maxHeaderFields: headerFields,
  maxStreamsPerConnection: grpc.streamsPerConnection,
  maxWaitingStreams: grpc.streamsWaiting,
  maxSessionMebibytes: grpc.sessionMebibytes,
  resets: grpc.resets,
  controlFrames: grpc.controlFrames,
  greetingMs: greetingSeconds * 1000,
  idleMs: grpc.idleSeconds * 1000,
  maxAgeMs: grpc.ageSeconds * 1000,
  pingAfterMs: grpc.pingSeconds * 1000,
  pingTimeoutMs: grpc.pingTimeoutSeconds * 1000,
});

const httpLimits = ({ http, headerBytes, headerFields, greetingSeconds, requestSeconds }: Config["bounds"]): Partial<HttpLimits> => ({
  maxHeaderBytes: headerBytes,
  maxHeaderFields: headerFields,
  // Node takes no longer time for a part of a request than for the whole.
  headersMs: Math.min(greetingSeconds, requestSeconds) * 1000,
  requestMs: requestSeconds * 1000,
  keepAliveMs: http.keepAliveSeconds * 1000,
  silentMs: http.silentSeconds * 1000,
  maxAgeMs: http.ageSeconds * 1000,
});

/** Our own proxies speak for many. */
function createClientOf(proxies: readonly string[]): ClientOf {
  const trusted = new BlockList();
  for (const network of proxies) {
    const [address = "", bits] = network.split("/");
    trusted.addSubnet(address, Number(bits), isIPv6(address) ? "ipv6" : "ipv4");
  }
  const isTrusted = (address: string): boolean => proxies.length > 0 && trusted.check(address, isIPv6(address) ? "ipv6" : "ipv4");
  // Asked of each connection, thousands in a second when it matters: what needs no parsing is not parsed.
  return (address) => {
    if (isTrusted(address)) return undefined;
    return isIPv4(address) ? `${address}/32` : (clientKeysOf(address)?.client ?? "");
  };
}
