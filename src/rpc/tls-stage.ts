import type { Socket } from "node:net";
import { createServer } from "node:tls";
import { keepCertificate } from "./client-certificate.ts";
import type { ListenerTls } from "./tls.ts";

type Options = {
  /** Without it, what is accepted is passed on as it is. */
  readonly tls: ListenerTls | undefined;
  /** How long a handshake may take. */
  readonly greetingMs: number;
  readonly onSocket: (socket: Socket) => void;
};

export type TlsStage = {
  readonly accept: (socket: Socket) => void;
  /** Throws, and changes nothing, when it cannot be used. */
  readonly renew: (tls: ListenerTls) => void;
};

/** What stands between the socket server and grpc-js, which cannot take another certificate while it listens. */
export function createTlsStage({ tls, greetingMs, onSocket }: Options): TlsStage {
  if (!tls) return { accept: onSocket, renew: cannotBegin };
  let current = tls;
  const server = createServer({ ...tls.options, handshakeTimeout: greetingMs }, (socket) => {
    // Without ALPN a peer could speak anything; gRPC is HTTP/2, and HTTP/2 over TLS asks for it (RFC 9113, section 3.2).
    if (socket.alpnProtocol !== "h2" || !current.admits(socket)) return void socket.destroy();
    keepCertificate(socket);
    onSocket(socket);
  });
  // Node leaves a connection open whose handshake failed or took too long, if nobody listens.
  server.on("tlsClientError", (_, socket) => void socket.destroy());
  return {
    accept: (socket) => void server.emit("connection", socket),
    renew(next) {
      next.applyTo(server);
      current = next;
    },
  };
}

function cannotBegin(): never {
  throw new Error("listen.tls: a listener that speaks plaintext cannot begin to speak TLS: restart");
}
