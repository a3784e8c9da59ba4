import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import { createServer } from "node:net";
import type { ConnectionInjector } from "@grpc/grpc-js";
import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from "@grpc/grpc-js";
import { boundServer, boundSessions, type Http2Doors, type Http2Limits } from "./bound-http2.ts";
import { addGrpcService } from "./grpc-service.ts";
import { type CutStreams, correctStreams } from "./grpc-streams.ts";
import { addHealth, type Health, healthWatchPath } from "./health.ts";
import type { ObserveCall } from "./observe-call.ts";
import { addReflection } from "./reflection.ts";
import type { LogFailure, Service } from "./service.ts";
import { maxDeadlineMs, maxMessageBytes, maxStreamMs } from "./service.ts";
import type { ListenerTls } from "./tls.ts";
import { createTlsStage, type TlsStage } from "./tls-stage.ts";

export type GrpcLimits = Http2Limits & {
  readonly maxMessageBytes: number;
  readonly maxDeadlineMs: number;
  /** The same for RPCs whose answer is a stream. */
  readonly maxStreamMs: number;
  /** Many backends have one connection for everything, and each watcher of a challenge holds one of these for minutes. */
  readonly maxStreamsPerConnection: number;
  /** What Node keeps for the streams of a connection. */
  readonly maxSessionMebibytes: number;
  readonly idleMs: number;
  /** Connections are renewed so that load balancers can spread them again. */
  readonly maxAgeMs: number;
  /** A ping finds out whether a silent peer is still there. */
  readonly pingAfterMs: number;
  readonly pingTimeoutMs: number;
};

/** For a peer to take what ends its stream or its connection. */
const lastWordsMs = 1_000;

/** The defaults of the settings `bounds`, and what the contract says of messages and deadlines. */
export const defaultGrpcLimits: GrpcLimits = {
  maxMessageBytes,
  maxDeadlineMs,
  maxStreamMs,
  maxHeaderBytes: 16_384,
  maxHeaderFields: 100,
  maxStreamsPerConnection: 1_000,
  maxWaitingStreams: 2_000,
  maxSessionMebibytes: 16,
  resets: { burst: 500, perSecond: 50 },
  controlFrames: { burst: 200, perSecond: 20 },
  greetingMs: 10_000,
  idleMs: 300_000,
  maxAgeMs: 1_800_000,
  pingAfterMs: 60_000,
  pingTimeoutMs: 20_000,
};

export type ListenGrpcOptions = Http2Doors & {
  readonly host: string;
  readonly port: number;
  /** Name of the setting the address comes from, for the error that it is in use. */
  readonly setting: string;
  readonly services: readonly Service[];
  readonly log: LogFailure;
  readonly observeCall?: ObserveCall | undefined;
  /** Without it, the listener speaks plaintext. */
  readonly tls?: ListenerTls | undefined;
  readonly limits?: Partial<GrpcLimits>;
};

export type GrpcListener = Pick<Health, "setServing"> & {
  readonly address: AddressInfo;
  /** Shows another certificate to connections from now on; throws, and changes nothing, when it cannot be used. */
  readonly renew: TlsStage["renew"];
  /** Stops accepting, lets what is in flight finish for at most `graceMs`, then ends it. */
  close(graceMs: number): Promise<void>;
};

export async function listenGrpc(options: ListenGrpcOptions): Promise<GrpcListener> {
  // It would write whole headers to stderr when one is malformed, and `authorization` is a header.
  setLogVerbosity(logVerbosity.NONE);
  const limits = { ...defaultGrpcLimits, ...options.limits };
  const server = new Server(serverOptions(limits));
  boundSessions(server, limits);
  const { log, observeCall } = options;
  for (const service of options.services) addGrpcService(server, service, { log, observeCall, maxMessageBytes: limits.maxMessageBytes });
  const health = addHealth(
    server,
    options.services.map(({ service }) => service.typeName),
  );
  addReflection(server, options.services);
  // Our own socket server: grpc-js bounds no connections, and hides why it cannot listen.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const streamPaths = new Set([healthWatchPath, ...options.services.flatMap(streamPathsOf)]);
  const cutStreams = correctStreams(server, { ...limits, streamPaths }, (http2Server) => boundServer(http2Server, limits, options));
  const onSocket = (socket: Socket): void => {
    endHalfOpen(socket);
    injector.injectConnection(socket);
  };
  const { accept, renew } = createTlsStage({ tls: options.tls, greetingMs: limits.greetingMs, onSocket });
  const sockets = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    if (options.gate?.admit(socket) !== false) accept(socket);
  });
  const address = await listen(sockets, options);
  return {
    address,
    renew,
    setServing: health.setServing,
    close: (graceMs) => close({ server, sockets, injector, health, cutStreams }, graceMs),
  };
}

const serverOptions = (limits: GrpcLimits) => ({
  "grpc.enable_channelz": 0,
  // A little above our own limit, so that what is a little too large is refused by the parser, like on the other wires.
  "grpc.max_receive_message_length": limits.maxMessageBytes * 2,
  "grpc.max_concurrent_streams": limits.maxStreamsPerConnection,
  "grpc-node.max_session_memory": limits.maxSessionMebibytes,
  "grpc.max_connection_idle_ms": limits.idleMs,
  "grpc.max_connection_age_ms": limits.maxAgeMs,
  "grpc.max_connection_age_grace_ms": Math.max(limits.maxDeadlineMs, limits.maxStreamMs) + 5_000,
  "grpc.keepalive_time_ms": limits.pingAfterMs,
  "grpc.keepalive_timeout_ms": limits.pingTimeoutMs,
});

const streamPathsOf = ({ service }: Service): string[] =>
  service.methods.filter(({ methodKind }) => methodKind === "server_streaming").map(({ name }) => `/${service.typeName}/${name}`);

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
