import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problem.ts";
import { compareConfigs, withFixedParts } from "../../src/config/reload-compare.ts";
import { createAuthority, createCertificate, createServerCertificate, inDays } from "../rpc/tls-certificates.ts";
import { load, loadGood, problemsOf, production, writeConfig } from "./production.ts";
import { tlsFiles, writePem } from "./tls-files-kit.ts";

const listening = (listen: object) => ({ ...production(), listen });
const warningsOf = (content: object): string[] => {
  const loaded = load(content);
  return loaded.ok ? loaded.warnings.map(formatProblem) : ["not good"];
};

describe("plaintext", () => {
  const message =
    "is not a loopback address, and keys and codes would pass in plaintext: set listen.tls, or, behind a proxy or mesh that ends TLS, listen.allowPlaintext: true";

  it.each(["grpc", "http", "admin"])("is refused on another than a loopback address: %s", (name) => {
    expect(problemsOf(listening({ [name]: "0.0.0.0:1" }))).toEqual([`listen.${name} ${message}`]);
  });

  it("is permitted by a word, on loopback, and under TLS is none", async () => {
    const addresses = { grpc: "0.0.0.0:1", http: "[::]:2", admin: "10.0.0.1:3" };
    expect(problemsOf(listening({ ...addresses, allowPlaintext: true }))).toEqual([]);
    expect(problemsOf(listening({ grpc: "127.0.0.1:1", http: "[::1]:2", admin: "localhost:3" }))).toEqual([]);
    expect(problemsOf(listening({ ...addresses, tls: await tlsFiles() }))).toEqual([]);
  });

  it("is permitted by a variable too", () => {
    const env = { COUNTERSIGN_GRPC_ADDR: "0.0.0.0:1" };
    expect(problemsOf(production(), env)).toEqual([`listen.grpc (COUNTERSIGN_GRPC_ADDR) ${message}`]);
    expect(problemsOf(production(), { ...env, COUNTERSIGN__listen__allowPlaintext: "true" })).toEqual([]);
  });

  it("with anybody as the caller stays refused, whatever is permitted", () => {
    const [application] = production().applications;
    const keyless = { ...production(), applications: [{ ...application, keys: [] }], listen: { grpc: "0.0.0.0:1", allowPlaintext: true } };
    expect(problemsOf(keyless)).toEqual([expect.stringMatching(/^listen\.grpc .*no application has a key/)]);
  });
});

describe("the listeners' certificate", () => {
  it("may be another after a reload, and needs a restart to begin or to end", async () => {
    const [plain, one, other] = [
      loadGood(listening({})),
      loadGood(listening({ tls: await tlsFiles() })),
      loadGood(listening({ tls: await tlsFiles() })),
    ];
    const told = (started: Config, next: Config) =>
      compareConfigs({ started, running: started }, { ...next, secrets: started.secrets }).warnings.map(formatProblem);
    expect(told(one, other)).toEqual([]);
    for (const [started, next] of [
      [plain, one],
      [one, plain],
    ] as const)
      expect(told(started, next)).toEqual([expect.stringMatching(/^listen\.tls was changed, which takes effect after a restart/)]);
    expect(withFixedParts(one, other).tls).toEqual(other.tls);
  });

  it("is read with its key and the authorities of callers", async () => {
    const tls = await tlsFiles();
    const { tls: read } = loadGood(listening({ tls }));
    expect(read).toEqual({
      cert: readFileSync(tls.certFile, "utf8"),
      key: readFileSync(tls.keyFile, "utf8"),
      clientCa: readFileSync(tls.clientCaFile, "utf8"),
      minVersion: "1.2",
      requireClientCertificate: false,
    });
  });

  it("is found from where the configuration is, and its files are among those that are watched", async () => {
    const { cert, key } = await createCertificate();
    const file = writeConfig(listening({ tls: { certFile: "own.crt", keyFile: "own.key" } }));
    const [certFile, keyFile] = [join(dirname(file), "own.crt"), join(dirname(file), "own.key")];
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key, { mode: 0o600 });
    const loaded = loadConfig({ env: {}, file });
    expect(loaded.ok).toBe(true);
    expect(loaded.files).toEqual([file, certFile, keyFile]);
  });

  it("of another key is refused", async () => {
    const [one, other] = [await createCertificate(), await createCertificate()];
    expect(problemsOf(listening({ tls: await tlsFiles({ cert: one.cert, key: other.key }) }))).toEqual([
      "listen.tls.keyFile names a key that is not the one of the certificate in certFile",
    ]);
  });

  it("that has expired is refused, and one that soon will is warned of", async () => {
    const [past, soon, fine] = [
      await createCertificate({ until: inDays(-1) }),
      await createCertificate({ until: inDays(13) }),
      await createCertificate({ until: inDays(15) }),
    ];
    expect(problemsOf(listening({ tls: await tlsFiles(past) }))).toEqual([
      expect.stringMatching(/^listen\.tls\.certFile names a certificate that expired at \d{4}-.*Z: renew it$/),
    ]);
    expect(warningsOf(listening({ tls: await tlsFiles(soon) }))).toEqual([
      expect.stringMatching(/^listen\.tls\.certFile names a certificate that expires at \d{4}-.*Z: renew it$/),
    ]);
    expect(warningsOf(listening({ tls: await tlsFiles(fine) }))).toEqual([]);
  });

  it("that is not valid yet is refused", async () => {
    const later = await createCertificate({ from: inDays(1), until: inDays(100) });
    expect(problemsOf(listening({ tls: await tlsFiles(later) }))).toEqual([
      expect.stringMatching(/^listen\.tls\.certFile .*not valid before/),
    ]);
  });

  it("whose chain has expired is refused", async () => {
    const authority = await createAuthority();
    const own = await createServerCertificate(authority);
    const between = await createCertificate({ until: inDays(-1) });
    const chained = { cert: `${own.cert}\n${between.cert}`, key: own.key };
    expect(problemsOf(listening({ tls: await tlsFiles(chained) }))).toEqual([
      expect.stringMatching(/^listen\.tls\.certFile names a chain whose certificate 2 expired/),
    ]);
  });

  it("must be there, and be one", async () => {
    const tls = await tlsFiles();
    const missing = { certFile: "/nowhere/server.crt", keyFile: "/nowhere/server.key", clientCaFile: "/nowhere/ca.crt" };
    expect(problemsOf(listening({ tls: missing }))).toEqual(
      ["certFile", "keyFile", "clientCaFile"].map((name) =>
        expect.stringMatching(`^listen\\.tls\\.${name} names the file /nowhere/.* does not exist: write the path of a file$`),
      ),
    );
    const swapped = { certFile: tls.keyFile, keyFile: tls.certFile, clientCaFile: tls.keyFile };
    expect(problemsOf(listening({ tls: swapped }))).toEqual([
      expect.stringMatching(/^listen\.tls\.certFile names a file without a certificate/),
      expect.stringMatching(/^listen\.tls\.keyFile names a file without a private key/),
      expect.stringMatching(/^listen\.tls\.clientCaFile names a file without a certificate/),
    ]);
  });

  it("and its key come together, with nothing else", () => {
    expect(problemsOf(listening({ tls: { requireClientCertificate: true, minVersion: "1.1", cipher: "x" } }))).toEqual([
      expect.stringMatching(/^listen\.tls\.certFile is missing: write the path/),
      expect.stringMatching(/^listen\.tls\.keyFile is missing: write the path/),
      expect.stringMatching(/^listen\.tls\.minVersion .*write one of 1\.2, 1\.3/),
      expect.stringMatching(/^listen\.tls\.cipher is unknown/),
    ]);
  });

  it("is asked of callers only where somebody can have signed it", async () => {
    const { certFile, keyFile } = await tlsFiles();
    expect(problemsOf(listening({ tls: { certFile, keyFile, requireClientCertificate: true } }))).toEqual([
      expect.stringMatching(/^listen\.tls\.clientCaFile is missing/),
    ]);
  });

  it("has a key that not everybody may read", async () => {
    const { cert, key } = await createCertificate();
    const tls = { certFile: writePem(cert, "a.crt", 0o644), keyFile: writePem(key, "a.key", 0o644) };
    expect(warningsOf(listening({ tls }))).toEqual([expect.stringMatching(/^listen\.tls\.keyFile .*chmod 600/)]);
  });

  it("never shows its key in what is wrong with it", async () => {
    const { cert, key } = await createCertificate();
    const broken = key.replace(/[A-Z]/, "!");
    const problems = problemsOf(listening({ tls: { certFile: writePem(cert, "a.crt"), keyFile: writePem(broken, "a.key") } }));
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toContain(key.split("\n")[1]?.slice(0, 20));
  });

  it("of authorities that have all expired is refused, of one among several warned of", async () => {
    const [past, good] = [await createCertificate({ until: inDays(-1) }), await createAuthority()];
    expect(problemsOf(listening({ tls: await tlsFiles(undefined, past.cert) }))).toEqual([
      expect.stringMatching(/clientCaFile .*all expired/),
    ]);
    expect(warningsOf(listening({ tls: await tlsFiles(undefined, `${past.cert}\n${good.cert}`) }))).toEqual([
      expect.stringMatching(/clientCaFile .*add the next one/),
    ]);
  });
});
