import type { RequestListener, Server, ServerOptions } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { Server as SecureServer, TLSSocket, TlsOptions } from "node:tls";

/** An import would read all that the module offers, and with it load Node's `fetch`, which no start needs. */
const { createServer } = process.getBuiltinModule("node:http");

/** As `rpc/tls.ts` makes it. */
export type HttpTls = {
  readonly options: TlsOptions;
  readonly admits: (socket: TLSSocket) => boolean;
  readonly applyTo: (server: SecureServer) => void;
};

export type HttpServer = Server | TlsServer;

type Options = {
  readonly settings: ServerOptions;
  /** How long a handshake may take. */
  readonly greetingMs: number;
  /** Without it, the server speaks plaintext. */
  readonly tls: HttpTls | undefined;
};

/** `event`: when a connection is there to serve, and a handshake done, whose bytes `bytesRead` does not count. `renew` throws, and changes nothing, when it cannot be used. */
export type Created = {
  readonly server: HttpServer;
  readonly event: "connection" | "secureConnection";
  readonly renew: (tls: HttpTls) => void;
};

export function createHttpServer({ settings, greetingMs, tls }: Options, onRequest: RequestListener): Created {
  if (!tls) return { server: createServer(settings, onRequest), event: "connection", renew: cannotBegin };
  let current = tls;
  const server = createTlsServer({ ...settings, ...tls.options, handshakeTimeout: greetingMs }, onRequest);
  // Before Node's own listener, which then finds the connection gone.
  server.prependListener("secureConnection", (socket) => {
    if (!current.admits(socket)) socket.destroy();
  });
  const renew = (next: HttpTls): void => {
    next.applyTo(server);
    current = next;
  };
  return { server, event: "secureConnection", renew };
}

function cannotBegin(): never {
  throw new Error("listen.tls: a listener that speaks plaintext cannot begin to speak TLS: restart");
}
