import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import { createSecureContext } from "node:tls";
import type { Tls } from "./config.ts";
import { readText } from "./file.ts";
import type { Problem } from "./problem.ts";
import { valueAt } from "./schema-at.ts";
import type { Settings } from "./settings.ts";

export type TlsFiles = {
  readonly files: readonly string[];
  readonly problems: Problem[];
  readonly warnings: Problem[];
  /** The settings with what the files hold; undefined where there is a problem. */
  readonly read: (settings: NonNullable<Settings["listen"]["tls"]>) => Tls | undefined;
};

type Name = "certFile" | "keyFile" | "clientCaFile";
type Found = { readonly files: string[]; readonly problems: Problem[]; readonly warnings: Problem[] };

const maxBytes = 256 * 1024;
const dayMs = 86_400_000;
/** Time enough to find out why nobody renewed it. */
const warnBeforeMs = 14 * dayMs;

/** Near enough for the dates of certificates, and nothing has been given a clock yet when configuration is read. */
const wallClock = (): number => performance.timeOrigin + performance.now();

/** The certificate, the key and the authorities that `listen.tls` names, and whether they can be used together today. */
export function readTlsFiles(document: unknown, folder: string, now = wallClock()): TlsFiles {
  const found: Found = { files: [], problems: [], warnings: [] };
  const texts = {
    certFile: readPem("certFile", { document, folder, found }),
    keyFile: readPem("keyFile", { document, folder, found }),
    clientCaFile: readPem("clientCaFile", { document, folder, found }),
  };
  const certificates = certificatesIn("certFile", texts.certFile, found);
  const key = texts.keyFile === undefined ? undefined : readKey(texts.keyFile, found);
  checkDates(certificates, now, found);
  checkAuthorities(certificatesIn("clientCaFile", texts.clientCaFile, found), now, found);
  if (certificates[0] && key) checkPair(certificates[0], { key, texts, found });
  return {
    ...found,
    read: ({ minVersion, requireClientCertificate }) => {
      const { certFile: cert, keyFile, clientCaFile: clientCa } = texts;
      if (found.problems.length > 0 || cert === undefined || keyFile === undefined) return undefined;
      return { cert, key: keyFile, minVersion, requireClientCertificate, ...(clientCa !== undefined && { clientCa }) };
    },
  };
}

const settingOf = (name: Name): string => `listen.tls.${name}`;

function readPem(name: Name, { document, folder, found }: { document: unknown; folder: string; found: Found }): string | undefined {
  const path = valueAt(document, ["listen", "tls", name]);
  if (typeof path !== "string" || path === "") return undefined;
  const file = resolve(folder, path);
  found.files.push(file);
  const read = readText(file, maxBytes);
  if (!read.ok) {
    found.problems.push({ setting: settingOf(name), message: `names the file ${file}, which ${read.message}` });
    return undefined;
  }
  if (name === "keyFile" && (read.mode & 0o004) !== 0)
    found.warnings.push({
      setting: settingOf(name),
      message: `names the file ${file}, which every user of this machine can read: chmod 600 it`,
    });
  return read.text;
}

function certificatesIn(name: Name, pem: string | undefined, { problems }: Found): X509Certificate[] {
  if (pem === undefined) return [];
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch {
    // Told of below, like a file without any.
  }
  problems.push({ setting: settingOf(name), message: "names a file without a certificate in PEM: write the path of one" });
  return [];
}

function readKey(pem: string, { problems }: Found): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    const message = "names a file without a private key in PEM that needs no passphrase: write the path of one";
    problems.push({ setting: settingOf("keyFile"), message });
    return undefined;
  }
}

/** The first is the listeners' own; a link behind it that has expired breaks the chain all the same. */
function checkDates(certificates: readonly X509Certificate[], now: number, { problems, warnings }: Found): void {
  const setting = settingOf("certFile");
  for (const [index, certificate] of certificates.entries()) {
    const which = index === 0 ? "a certificate that" : `a chain whose certificate ${index + 1}`;
    const ends = Date.parse(certificate.validTo);
    const until = new Date(ends).toISOString();
    if (ends <= now) problems.push({ setting, message: `names ${which} expired at ${until}: renew it` });
    else if (Date.parse(certificate.validFrom) > now)
      problems.push({
        setting,
        message: `names ${which} is not valid before ${new Date(certificate.validFrom).toISOString()}: look at this machine's clock`,
      });
    else if (ends - now < warnBeforeMs) warnings.push({ setting, message: `names ${which} expires at ${until}: renew it` });
  }
}

/** One of several that has expired is no reason to refuse the callers of the others. */
function checkAuthorities(authorities: readonly X509Certificate[], now: number, { problems, warnings }: Found): void {
  const setting = settingOf("clientCaFile");
  const ends = authorities.map(({ validTo }) => Date.parse(validTo));
  if (ends.length > 0 && ends.every((end) => end <= now))
    problems.push({ setting, message: "names authorities that have all expired: write the path of those that sign today" });
  else if (ends.some((end) => end - now < warnBeforeMs))
    warnings.push({ setting, message: "names an authority that expires within two weeks, or has expired: add the next one" });
}

type Pair = { readonly key: KeyObject; readonly texts: Readonly<Record<Name, string | undefined>>; readonly found: Found };

function checkPair(certificate: X509Certificate, { key, texts, found }: Pair): void {
  if (!certificate.checkPrivateKey(key)) {
    found.problems.push({ setting: settingOf("keyFile"), message: "names a key that is not the one of the certificate in certFile" });
    return;
  }
  try {
    createSecureContext({ cert: texts.certFile, key: texts.keyFile, ca: texts.clientCaFile });
  } catch (error) {
    const why = error instanceof Error && "reason" in error ? ` (${String(error.reason)})` : "";
    found.problems.push({ setting: settingOf("certFile"), message: `names a certificate that TLS refuses to serve${why}: make another` });
  }
}
