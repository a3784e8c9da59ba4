import type { Http2Server, Http2Session, ServerHttp2Session, SessionOptions } from "node:http2";
import type { Server } from "@grpc/grpc-js";
import type { ConnectionGate } from "./connection-gate.ts";
import { calmCode, calmDown, type FrameLimits, guardFrames } from "./frame-guard.ts";
import { healthPaths } from "./health.ts";
import { shedStreams } from "./shed-grpc.ts";
import { createWaitingStreams, type WaitingLimits } from "./waiting-streams.ts";

export type Http2Limits = FrameLimits &
  WaitingLimits & {
    readonly maxHeaderBytes: number;
    readonly maxHeaderFields: number;
    /** How long a connection may take to say that it speaks HTTP/2. */
    readonly greetingMs: number;
  };

export type Http2Doors = {
  /** Who may connect at all; without it, everyone. */
  readonly gate?: ConnectionGate | undefined;
  /** Whether calls are to be refused unread; without it, none is. Those to the health service never are. */
  readonly isOverloaded?: (() => boolean) | undefined;
};

/** What Node's HTTP/2 bounds by itself when it is told to, which grpc-js has no options for. To be called before a server is made. */
export function boundSessions(server: Server, { maxHeaderBytes, maxHeaderFields, resets }: Http2Limits): void {
  // The field is private; what grpc-js puts there from its own options stays.
  const { commonServerOptions } = server as unknown as { readonly commonServerOptions: SessionOptions & StreamResets };
  commonServerOptions.settings = { ...commonServerOptions.settings, maxHeaderListSize: maxHeaderBytes };
  commonServerOptions.maxHeaderListPairs = maxHeaderFields;
  // Node counts each reset as it is read, before anything of ours runs, but says INTERNAL_ERROR: it is what holds within one read.
  commonServerOptions.streamResetBurst = 4 * resets.burst;
  commonServerOptions.streamResetRate = 4 * resets.perSecond;
}

/** NGHTTP2_ERR_FLOODED, for which Node has no name: https://nghttp2.org/documentation/enums.html */
const floodErrno = -904;

type StreamResets = { streamResetBurst?: number; streamResetRate?: number };

/** And what it does not. To be called after everything that listens for streams, and before the first connection. */
export function boundServer(http2Server: Http2Server, limits: Http2Limits, { gate, isOverloaded = () => false }: Http2Doors): void {
  const { maxHeaderBytes } = limits;
  const mayServe = (path: string): boolean => path.startsWith(healthPaths) || !isOverloaded();
  const cut = (session: Http2Session): void => {
    // The socket of one that has ended knows no address any more.
    if (session.destroyed) return;
    if (gate) gate.cut(endOf(session));
    else calmDown(session);
  };
  shedStreams(http2Server, { maxHeaderBytes, mayServe, letIn: createWaitingStreams(limits, cut) });
  http2Server.on("session", (session) => {
    dropSilent(session, limits.greetingMs);
    const end = endOf(session);
    guardFrames(session, limits);
    // By us, or by Node's own limits. Protocol errors are none of an attack: Go's clients end a connection with one.
    session.on("error", ({ code, errno }: NodeJS.ErrnoException) => {
      if (code === calmCode || errno === floodErrno) gate?.calm(end);
    });
    session.once("stream", () => gate?.asked(end));
    // Node leaves a connection open that its peer has closed, for as long as it is not told to.
    session.socket.once("end", () => session.close());
  });
}

function endOf({ socket: { remoteAddress, remotePort } }: Http2Session) {
  return { remoteAddress, remotePort };
}

/** A connection whose first frame (SETTINGS, RFC 9113, section 3.4) does not come is dropped; Node would keep it for ever. */
function dropSilent(session: ServerHttp2Session, greetingMs: number): void {
  const timer = setTimeout(() => session.destroy(), greetingMs);
  session.once("remoteSettings", () => clearTimeout(timer));
  session.once("close", () => clearTimeout(timer));
}
