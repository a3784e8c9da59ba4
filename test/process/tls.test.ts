/** The service as its operators secure it: a certificate of its own, callers with certificates and tokens, and all of it renewed. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { connect } from "node:tls";
import { promisify } from "node:util";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { startTwilioServer } from "../providers/twilio-server.ts";
import { mustSucceed } from "../rpc/cases.ts";
import { createAuthority, createCertificate, createServerCertificate, inDays, type Pair } from "../rpc/tls-certificates.ts";
import type { WireClient } from "../rpc/wire-clients.ts";
import { challengeCall, challengeIdOf, newPhone, outcome, sendTo, verify } from "./calls.ts";
import { newKey, sampleConfig } from "./production-config.ts";
import { countOf } from "./rotation-kit.ts";
import { connectTo, launch, newFolder, newSqlite, type Service, seen, startService } from "./service.ts";
import { codeInText } from "./vendors.ts";

const timeout = 30_000;
const issuer = "https://id.example.com/";
const key = newKey();
const folder = newFolder();
const file = (name: string): string => join(folder, name);

let twilio: Awaited<ReturnType<typeof startTwilioServer>>;
let servers: Pair;
let clients: Pair;
let service: Service;
let token: string;
let closeIssuer: () => void;

const write = (name: string, content: string): void => writeFileSync(file(name), content, { mode: 0o600 });

async function writeCertificate(name: string, until = inDays(90)): Promise<void> {
  const pair = await createServerCertificate(servers, { name, until });
  // Two writes: in between, a look finds a key that does not fit, and must leave things as they are.
  write("server.key", pair.key);
  write("server.crt", pair.cert);
}

async function startTokenIssuer(): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "one" }] });
  const server = createServer((_, response) => void response.end(keys));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closeIssuer = () => {
    server.closeAllConnections();
    server.close();
  };
  token = await new SignJWT({ azp: "jobs", scope: "countersign:codes" })
    .setProtectedHeader({ alg: "ES256", kid: "one" })
    .setIssuer(issuer)
    .setAudience("countersign")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(privateKey);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

beforeAll(async () => {
  twilio = await startTwilioServer();
  [servers, clients] = await Promise.all([createAuthority("servers"), createAuthority("clients")]);
  await writeCertificate("first");
  write("clients.crt", clients.cert);
  const sample = sampleConfig({ twilio: { baseUrl: twilio.baseUrl } }, [key]);
  const [application] = sample.applications;
  const config = {
    ...sample,
    listen: { admin: "127.0.0.1:0", tls: { certFile: "server.crt", keyFile: "server.key", clientCaFile: "clients.crt" } },
    reload: { watch: true, everySeconds: 1 },
    tokenIssuers: [{ id: "corp", issuer, audience: "countersign", jwksUrl: await startTokenIssuer() }],
    applications: [
      {
        ...application,
        certificates: [{ id: "mesh", names: ["spiffe://example.org/ns/shop/sa/*"], rights: ["codes"] }],
        tokens: [{ id: "jobs", issuer: "corp", claim: "azp", value: "jobs", rightsClaim: "scope", rightsPrefix: "countersign:" }],
      },
    ],
  };
  write("countersign.yaml", stringify(config));
  const env = { COUNTERSIGN_CONFIG: file("countersign.yaml") };
  service = await startService({ env, store: newSqlite().url, key: key.key, tls: { ca: servers.cert } });
}, timeout);
afterAll(async () => {
  closeIssuer();
  await twilio.stop();
});

async function sendAndVerify(wire: WireClient): Promise<void> {
  const number = newPhone();
  const challengeId = challengeIdOf(await mustSucceed(wire, sendTo(number)));
  await mustSucceed(wire, verify(challengeId, codeInText(twilio.requests, number)));
}

const meshCertificate = (): Promise<Pair> => createCertificate({ by: clients, uris: ["spiffe://example.org/ns/shop/sa/web"] });

describe("with a certificate", () => {
  it("codes are sent and verified on all four wires", async () => {
    for (const wire of service.wires) await sendAndVerify(wire);
  });

  it("curl gets an answer, and without TLS none", async () => {
    const curl = (...args: string[]) => promisify(execFile)("curl", ["-sS", "--max-time", "20", ...args]);
    write("servers.crt", servers.cert);
    const { stdout } = await curl("--cacert", file("servers.crt"), `https://${service.http}/readyz`);
    expect(JSON.parse(stdout)).toEqual({ status: "ready" });
    await expect(curl(`http://${service.http}/readyz`)).rejects.toThrow();
    await expect(curl(`https://${service.http}/readyz`)).rejects.toThrow(/certificate/);
  });

  it("the admin listener speaks TLS too", async () => {
    const [, port = ""] = String((await seen(service, "started")).admin).split(":");
    expect((await certificateAt(Number(port), "h2")).CN).toMatch(/./);
  });

  it("callers are known by their certificate or their token, with the rights that these give", async () => {
    const byCertificate = connectTo(service, undefined, { ca: servers.cert, ...(await meshCertificate()) });
    const byToken = connectTo(service, token, { ca: servers.cert });
    const byNothing = connectTo(service, undefined, { ca: servers.cert });
    for (const wire of [...byCertificate.wires, ...byToken.wires]) await sendAndVerify(wire);
    for (const wire of byNothing.wires) expect(await outcome(await wire.send(sendTo(newPhone()))), wire.name).toBe("UNAUTHENTICATED");
  });
});

describe("renewed", () => {
  it("the certificate is shown to new connections, and no call of the old ones or the new ones fails", { timeout: 120_000 }, async () => {
    const challengeId = challengeIdOf(await mustSucceed(service.gRPC, sendTo(newPhone())));
    const outcomes: string[] = [];
    let running = true;
    const look = challengeCall("GetChallenge", challengeId);
    const old = service.wires.map(async (wire) => {
      while (running) outcomes.push(outcome(await wire.send(look)));
    });
    const fresh = (async () => {
      while (running)
        for (const wire of connectTo(service, key.key, { ca: servers.cert }).wires) {
          outcomes.push(outcome(await wire.send(look)));
          wire.close();
        }
    })();
    const [, grpcPort = ""] = service.grpc.split(":");
    const [, httpPort = ""] = service.http.split(":");
    for (const name of ["second", "third"]) {
      await writeCertificate(name);
      await expect.poll(async () => (await certificateAt(Number(httpPort), "http/1.1")).CN, { timeout }).toBe(name);
      await expect.poll(async () => (await certificateAt(Number(grpcPort), "h2")).CN, { timeout }).toBe(name);
    }
    const before = outcomes.length;
    await expect.poll(() => outcomes.length, { timeout }).toBeGreaterThan(before + 50);
    running = false;
    await Promise.all([...old, fresh]);
    expect(new Set(outcomes)).toEqual(new Set(["OK"]));
  });

  it("by one that has expired it is not, loudly", { timeout: 60_000 }, async () => {
    const [, port = ""] = service.http.split(":");
    const { CN: before } = await certificateAt(Number(port), "http/1.1");
    const refusals = countOf(service, "configuration_refused");
    await writeCertificate("expired", inDays(-1));
    service.child.kill("SIGHUP");
    await expect.poll(() => countOf(service, "configuration_refused"), { timeout }).toBeGreaterThan(refusals);
    expect(service.stdout()).toContain("listen.tls.certFile names a certificate that expired at");
    expect((await certificateAt(Number(port), "http/1.1")).CN).toBe(before);
    await sendAndVerify(service.gRPC);
    await writeCertificate("after");
    await expect.poll(async () => (await certificateAt(Number(port), "http/1.1")).CN, { timeout }).toBe("after");
  });

  it("the configuration elsewhere, tokens are known by the keys that their issuer gave before it went away", {
    timeout: 60_000,
  }, async () => {
    const wires = connectTo(service, token, { ca: servers.cert });
    expect(outcome(await wires.JSON.send(sendTo(newPhone())))).toBe("OK");
    closeIssuer();
    const reloads = countOf(service, "configuration_reloaded");
    write("countersign.yaml", readFileSync(file("countersign.yaml"), "utf8").replace("level: info", "level: debug"));
    await expect.poll(() => countOf(service, "configuration_reloaded"), { timeout }).toBe(reloads + 1);
    for (const wire of wires.wires) expect(outcome(await wire.send(sendTo(newPhone()))), wire.name).toBe("OK");
  });

  it("nothing of it shows a key or a token", () => {
    for (const secret of [token, key.key, "PRIVATE KEY"]) expect(service.stdout() + service.stderr()).not.toContain(secret);
  });
});

it("plaintext on every address is refused, and why", async () => {
  const config = { ...sampleConfig({ twilio: { baseUrl: twilio.baseUrl } }, [key]), listen: {} };
  const launched = launch({ config, store: newSqlite().url, env: { COUNTERSIGN_HTTP_ADDR: "0.0.0.0:0" } });
  expect(await launched.exited).toMatchObject({ code: 1 });
  expect(launched.stderr()).toMatch(/COUNTERSIGN_HTTP_ADDR.*listen\.tls.*listen\.allowPlaintext: true/);
});

/** Whose name a new connection is shown. */
async function certificateAt(port: number, protocol: string): Promise<{ readonly CN: string }> {
  const socket = connect({ host: "127.0.0.1", port, ca: servers.cert, ALPNProtocols: [protocol] });
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  const { subject } = socket.getPeerCertificate();
  socket.end();
  return { CN: String(subject.CN) };
}
