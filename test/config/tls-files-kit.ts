import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAuthority, createCertificate, type Pair } from "../rpc/tls-certificates.ts";
import { temporaryFolder } from "./production.ts";

export function writePem(content: string, name: string, mode = 0o600): string {
  const file = join(temporaryFolder(), name);
  writeFileSync(file, content, { mode });
  return file;
}

/** The files of `listen.tls`, good ones where a test gives none. */
export async function tlsFiles(pair?: Pair, clientCa?: string): Promise<{ certFile: string; keyFile: string; clientCaFile: string }> {
  const { cert, key } = pair ?? (await createCertificate());
  return {
    certFile: writePem(cert, "server.crt"),
    keyFile: writePem(key, "server.key"),
    clientCaFile: writePem(clientCa ?? (await createAuthority()).cert, "clients-ca.crt"),
  };
}
