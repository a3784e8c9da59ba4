import type { Http2Server } from "node:http2";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import { createServer } from "node:net";
import type { ConnectionInjector } from "@grpc/grpc-js";
import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from "@grpc/grpc-js";
import { addGrpcService } from "./grpc-service.ts";
import { type CutStreams, correctStreams } from "./grpc-streams.ts";
import { addHealth, type Health, healthWatchPath } from "./health.ts";
import { addReflection } from "./reflection.ts";
import type { LogFailure, Service } from "./service.ts";
import { maxDeadlineMs, maxMessageBytes, maxStreamMs } from "./service.ts";

export type GrpcLimits = {
  readonly maxMessageBytes: number;
  readonly maxDeadlineMs: number;
  /** The same for RPCs whose answer is a stream. */
  readonly maxStreamMs: number;
  readonly maxConnections: number;
  /** Many backends have one connection for everything, and each watcher of a challenge holds one of these for minutes. */
  readonly maxStreamsPerConnection: number;
  /** How long a connection may take to say that it speaks HTTP/2. */
  readonly greetingMs: number;
  readonly idleMs: number;
  /** Connections are renewed so that load balancers can spread them again. */
  readonly maxAgeMs: number;
  /** A ping finds out whether a silent peer is still there. */
  readonly pingAfterMs: number;
  readonly pingTimeoutMs: number;
};

/** For a peer to take what ends its stream or its connection. */
const lastWordsMs = 1_000;

/** What Node and grpc-js leave open (no greeting, stream, idle or age limit) is bounded here. */
export const defaultGrpcLimits: GrpcLimits = {
  maxMessageBytes,
  maxDeadlineMs,
  maxStreamMs,
  maxConnections: 10_000,
  maxStreamsPerConnection: 1_000,
  greetingMs: 10_000,
  idleMs: 300_000,
  maxAgeMs: 1_800_000,
  pingAfterMs: 60_000,
  pingTimeoutMs: 20_000,
};

export type ListenGrpcOptions = {
  readonly host: string;
  readonly port: number;
  /** Name of the setting the address comes from, for the error that it is in use. */
  readonly setting: string;
  readonly services: readonly Service[];
  readonly log: LogFailure;
  readonly limits?: Partial<GrpcLimits>;
};

export type GrpcListener = Pick<Health, "setServing"> & {
  readonly address: AddressInfo;
  /** Stops accepting, lets what is in flight finish for at most `graceMs`, then ends it. */
  close(graceMs: number): Promise<void>;
};

export async function listenGrpc(options: ListenGrpcOptions): Promise<GrpcListener> {
  // It would write whole headers to stderr when one is malformed, and `authorization` is a header.
  setLogVerbosity(logVerbosity.NONE);
  const limits = { ...defaultGrpcLimits, ...options.limits };
  const server = new Server(serverOptions(limits));
  for (const service of options.services) addGrpcService(server, service, { log: options.log, maxMessageBytes: limits.maxMessageBytes });
  const health = addHealth(
    server,
    options.services.map(({ service }) => service.typeName),
  );
  addReflection(server, options.services);
  // Our own socket server: grpc-js bounds no connections, and hides why it cannot listen.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const streamPaths = new Set([healthWatchPath, ...options.services.flatMap(streamPathsOf)]);
  const cutStreams = correctStreams(server, { ...limits, streamPaths }, (http2Server) => dropSilent(http2Server, limits.greetingMs));
  const sockets = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    endHalfOpen(socket);
    injector.injectConnection(socket);
  });
  sockets.maxConnections = limits.maxConnections;
  const address = await listen(sockets, options);
  return { address, setServing: health.setServing, close: (graceMs) => close({ server, sockets, injector, health, cutStreams }, graceMs) };
}

const serverOptions = (limits: GrpcLimits) => ({
  "grpc.enable_channelz": 0,
  // A little above our own limit, so that what is a little too large is refused by the parser, like on the other wires.
  "grpc.max_receive_message_length": limits.maxMessageBytes * 2,
  "grpc.max_concurrent_streams": limits.maxStreamsPerConnection,
  "grpc-node.max_session_memory": 64,
  "grpc.max_connection_idle_ms": limits.idleMs,
  "grpc.max_connection_age_ms": limits.maxAgeMs,
  "grpc.max_connection_age_grace_ms": Math.max(limits.maxDeadlineMs, limits.maxStreamMs) + 5_000,
  "grpc.keepalive_time_ms": limits.pingAfterMs,
  "grpc.keepalive_timeout_ms": limits.pingTimeoutMs,
});

const streamPathsOf = ({ service }: Service): string[] =>
  service.methods.filter(({ methodKind }) => methodKind === "server_streaming").map(({ name }) => `/${service.typeName}/${name}`);

/** A connection whose first frame (SETTINGS, RFC 9113, section 3.4) does not come is dropped; Node would keep it for ever. */
function dropSilent(http2Server: Http2Server, greetingMs: number): void {
  http2Server.on("session", (session) => {
    const timer = setTimeout(() => session.destroy(), greetingMs);
    session.once("remoteSettings", () => clearTimeout(timer));
    session.once("close", () => clearTimeout(timer));
  });
}

/** A peer that does not close its side after we have closed ours, since it has a stream it does not read, would keep the connection. */
function endHalfOpen(socket: Socket): void {
  socket.once("finish", () => {
    const timer = setTimeout(() => socket.destroy(), lastWordsMs);
    socket.once("close", () => clearTimeout(timer));
  });
}

function listen(sockets: NetServer, { host, port, setting }: ListenGrpcOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    sockets.once("error", (cause: NodeJS.ErrnoException) => reject(cannotListen(setting, `${host}:${port}`, cause)));
    sockets.listen({ host, port, backlog: 511 }, () => resolve(sockets.address() as AddressInfo));
  });
}

function cannotListen(setting: string, address: string, cause: NodeJS.ErrnoException): Error {
  const why =
    cause.code === "EADDRINUSE" ? "is in use by another process; stop it or choose another port" : `cannot be listened on (${cause.code})`;
  return new Error(`${setting}: ${address} ${why}`, { cause });
}

type Parts = {
  readonly health: Health;
  readonly server: Server;
  readonly sockets: NetServer;
  readonly injector: ConnectionInjector;
  readonly cutStreams: CutStreams;
};

async function close({ server, sockets, injector, health, cutStreams }: Parts, graceMs: number): Promise<void> {
  health.setServing(false);
  health.endWatches();
  const closed = new Promise<void>((resolve) => sockets.close(() => resolve()));
  injector.drain(graceMs);
  const cut = setTimeout(cutStreams, lastWordsMs);
  await closed;
  clearTimeout(cut);
  server.forceShutdown();
}
