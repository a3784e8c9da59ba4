import { type PeerCertificate, TLSSocket } from "node:tls";

/** A name that an authority of ours says the caller has: of the extension subjectAltName (RFC 5280, section 4.2.1.6). */
export type CertificateName = { readonly kind: "dns" | "uri"; readonly value: string };

/** A certificate that was verified when its connection began. */
export type ClientCertificate = { readonly names: readonly CertificateName[]; readonly notAfterMs: number };

export type FindCertificate = () => ClientCertificate | undefined;

const known = new WeakMap<PeerCertificate, ClientCertificate>();

/** Node converts the certificate anew each time it is asked for, and grpc-js asks for each call. */
export function keepCertificate(socket: TLSSocket): void {
  const peer = socket.getPeerCertificate();
  Object.assign(socket, { getPeerCertificate: () => peer });
}

/** Of the other end of a connection, if it showed one that counts. */
export function certificateOf(socket: object): ClientCertificate | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  if (!Object.hasOwn(socket, "getPeerCertificate")) keepCertificate(socket);
  return readCertificate(socket.getPeerCertificate());
}

/** `peer` was verified. It is an empty object where there is none. */
export function readCertificate(peer: PeerCertificate | undefined): ClientCertificate | undefined {
  if (!peer?.raw) return undefined;
  const read = known.get(peer) ?? { names: namesIn(peer.subjectaltname ?? ""), notAfterMs: Date.parse(peer.valid_to) };
  known.set(peer, read);
  return read;
}

const kinds: Readonly<Record<string, CertificateName["kind"]>> = { DNS: "dns", URI: "uri" };

/**
 * Node's text of the extension: `DNS:a.internal, URI:spiffe://…`. A value with a comma, a quote or what cannot be printed stands in
 * quotes (CVE-2021-44532); no name that a pattern means has one of those, so such values are left out. What is not of this form says nothing.
 */
export function namesIn(subjectAltName: string): CertificateName[] {
  const entries = [...subjectAltName.matchAll(/([^:,"]+):((?:[^,"]|"(?:[^"\\]|\\.)*")*)(?:, |$)/gy)];
  const isWhole = entries.reduce((length, [entry]) => length + entry.length, 0) === subjectAltName.length;
  return (isWhole ? entries : []).flatMap(([, type = "", value = ""]) => {
    const kind = kinds[type];
    if (!kind || value === "" || value.includes('"')) return [];
    return [{ kind, value: kind === "dns" ? value.toLowerCase() : value }];
  });
}
