import { constants } from "node:crypto";
import type { Server, TLSSocket, TlsOptions } from "node:tls";

/** What a listener shows of itself, and whom it asks for a certificate; all of it as PEM. */
export type Tls = {
  /** The certificate of the listener, and those between it and the authority. */
  readonly cert: string;
  readonly key: string;
  /** Authorities of callers' certificates; without them, callers are not asked for one. */
  readonly clientCa?: string;
  readonly requireClientCertificate: boolean;
  readonly minVersion: "1.2" | "1.3";
};

export type ListenerTls = {
  /** Of a new `tls.Server`. */
  readonly options: TlsOptions;
  /** Whether a connection whose handshake is done may stay. */
  readonly admits: (socket: TLSSocket) => boolean;
  /** To a server that listens: for connections from now on; those there are keep what they agreed on. */
  readonly applyTo: (server: Server) => void;
};

/** Forward secrecy and authenticated encryption only: what RFC 9325, section 4.2, recommends of TLS 1.2, and all of TLS 1.3. */
const ciphers = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/** `protocol`: the one that the listener speaks, so that nobody gets as far as speaking another (RFC 7301). */
export function createListenerTls(tls: Tls, protocol: "h2" | "http/1.1"): ListenerTls {
  const asked = {
    requestCert: tls.clientCa !== undefined,
    rejectUnauthorized: tls.clientCa !== undefined && tls.requireClientCertificate,
  };
  const options: TlsOptions = {
    ...asked,
    cert: tls.cert,
    key: tls.key,
    ...(tls.clientCa !== undefined && { ca: tls.clientCa }),
    minVersion: `TLSv${tls.minVersion}`,
    ciphers,
    honorCipherOrder: true,
    // HTTP/2 forbids it (RFC 9113, section 9.2.1), and HTTP/1.1 has no use for it.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ALPNProtocols: [protocol],
  };
  return {
    options,
    // A resumed session without a certificate counts as authorized to Node, so the certificate itself is looked for.
    admits: (socket) => (hasCertificate(socket) ? socket.authorized : !asked.rejectUnauthorized),
    applyTo(server) {
      // A new context has new keys of session tickets: no session that an older certificate or authority stood for is resumed.
      server.setSecureContext(options);
      // No part of the context; Node reads them anew for each connection (lib/internal/tls/wrap.js, tlsConnectionListener).
      Object.assign(server, asked);
    },
  };
}

const hasCertificate = (socket: TLSSocket): boolean => socket.getPeerX509Certificate() !== undefined;
