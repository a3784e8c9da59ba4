import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import { createConnection } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createListenerTls } from "../../src/rpc/tls.ts";
import { key } from "./fixture.ts";
import { createServerCertificate, inDays, type Pair } from "./tls-certificates.ts";
import { type Authorities, ask, clientCertificate, clientsOf, createAuthorities, shakeHands, startTlsWires, tlsOf } from "./tls-kit.ts";

let authorities: Authorities;
beforeAll(async () => {
  authorities = await createAuthorities();
});

const trusting = () => ({ ca: authorities.server.cert });
type Started = Awaited<ReturnType<typeof startTlsWires>>;
const listenersOf = ({ grpcListener, httpListener }: Started) => [
  { name: "gRPC", port: grpcListener.address.port, protocol: "h2" },
  { name: "HTTP", port: httpListener.address.port, protocol: "http/1.1" },
];

describe("listeners with a certificate", () => {
  it("answer calls on all four wires, and know the caller's address", async () => {
    const started = await startTlsWires({ tls: tlsOf(authorities) });
    for (const wire of clientsOf(started, trusting(), key)) expect((await wire.send(ask)).code, wire.name).toBe("OK");
    expect(started.calls.map(({ address }) => address)).toEqual(Array(4).fill("127.0.0.1"));
  });

  it("ask for the key as ever", async () => {
    const started = await startTlsWires({ tls: tlsOf(authorities) });
    for (const wire of clientsOf(started, trusting())) expect((await wire.send(ask)).code, wire.name).toBe("UNAUTHENTICATED");
  });

  it("speak HTTP/2 on the one, HTTP/1.1 on the other, and nothing else", async () => {
    for (const { name, port, protocol } of listenersOf(await startTlsWires({ tls: tlsOf(authorities) }))) {
      const both = await shakeHands(port, { ...trusting(), ALPNProtocols: ["h2", "http/1.1"] });
      expect(both?.alpnProtocol, name).toBe(protocol);
      const other = protocol === "h2" ? "http/1.1" : "h2";
      expect(await shakeHands(port, { ...trusting(), ALPNProtocols: [other] }), name).toBeUndefined();
    }
  });

  it("end a gRPC connection that did not ask for HTTP/2, without a word in another protocol", async () => {
    const started = await startTlsWires({ tls: tlsOf(authorities) });
    const socket = await shakeHands(started.grpcListener.address.port, trusting());
    const heard: Buffer[] = [];
    socket?.on("data", (chunk: Buffer) => heard.push(chunk));
    expect(await untilOver(socket)).toBe("over");
    expect(Buffer.concat(heard).toString("latin1")).not.toContain("HTTP/1");
  });

  it("are not believed by who trusts another authority", async () => {
    const started = await startTlsWires({ tls: tlsOf(authorities) });
    for (const { port, protocol } of listenersOf(started))
      expect(await shakeHands(port, { ca: authorities.stranger.cert, ALPNProtocols: [protocol] })).toBeUndefined();
  });

  it("say nothing to who speaks plaintext", async () => {
    for (const { name, port } of listenersOf(await startTlsWires({ tls: tlsOf(authorities) }))) {
      const socket = createConnection({ host: "127.0.0.1", port });
      onTestFinished(() => void socket.destroy());
      socket.on("error", () => {});
      const heard: Buffer[] = [];
      socket.on("data", (chunk) => heard.push(chunk));
      socket.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
      await once(socket, "close");
      expect(Buffer.concat(heard).toString("latin1"), name).not.toContain("HTTP");
    }
  });

  it("end a connection that never shakes hands", async () => {
    const started = await startTlsWires({ tls: tlsOf(authorities), grpc: { greetingMs: 50 }, http: { headersMs: 50 } });
    for (const { port } of listenersOf(started)) {
      const socket = createConnection({ host: "127.0.0.1", port });
      onTestFinished(() => void socket.destroy());
      socket.on("error", () => {});
      await once(socket, "close");
    }
  });

  it("stop at once although connections stand idle", async () => {
    const http = { headersMs: 600_000, requestMs: 600_000 };
    const started = await startTlsWires({ tls: tlsOf(authorities), grpc: { greetingMs: 500 }, http });
    const sockets = await Promise.all(
      listenersOf(started).map(({ port, protocol }) => shakeHands(port, { ...trusting(), ALPNProtocols: [protocol] })),
    );
    const over = Promise.all(sockets.map(untilOver));
    // Longer than the test may take: what ends them is not the grace.
    await Promise.all([started.grpcListener.close(600_000), started.httpListener.close(600_000)]);
    expect(await over).toEqual(["over", "over"]);
  });
});

describe("what is spoken", () => {
  const attempts = [
    ["TLS 1.1", { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }, false],
    ["a cipher without forward secrecy", { maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256" }, false],
    ["a cipher without authenticated encryption", { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA256" }, false],
    ["TLS 1.2 with a good cipher", { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" }, true],
    ["TLS 1.3", { minVersion: "TLSv1.3" }, true],
  ] as const;

  it.each(attempts)("%s", async (_, options, isTaken) => {
    for (const { name, port, protocol } of listenersOf(await startTlsWires({ tls: tlsOf(authorities) }))) {
      const socket = await shakeHands(port, { ...trusting(), ...options, ALPNProtocols: [protocol] });
      expect(socket !== undefined, name).toBe(isTaken);
    }
  });

  it("TLS 1.2 not where 1.3 is the least", async () => {
    for (const { name, port, protocol } of listenersOf(await startTlsWires({ tls: tlsOf(authorities, { minVersion: "1.3" }) }))) {
      expect(await shakeHands(port, { ...trusting(), maxVersion: "TLSv1.2", ALPNProtocols: [protocol] }), name).toBeUndefined();
      expect(await shakeHands(port, { ...trusting(), ALPNProtocols: [protocol] }), name).toBeDefined();
    }
  });
});

describe("a client certificate", () => {
  /** Whether a connection lives long enough to be answered. */
  async function isAnswered(started: Started, shown: Partial<Pair>): Promise<Record<string, boolean>> {
    const answers = clientsOf(started, { ...trusting(), ...shown }, key).map(async (wire) => {
      const received = await wire.send(ask).catch(() => undefined);
      return [wire.name, received?.code === "OK"] as const;
    });
    return Object.fromEntries(await Promise.all(answers));
  }
  const all = (answered: boolean) => ({ gRPC: answered, "gRPC-Web": answered, Connect: answered, JSON: answered });
  const asking = (requireClientCertificate: boolean) =>
    startTlsWires({ tls: tlsOf(authorities, { clientCa: authorities.clients.cert, requireClientCertificate }) });

  it("is looked at when it is shown, and may be left out", async () => {
    const started = await asking(false);
    const names = { dns: ["shop.internal"] };
    expect(await isAnswered(started, {})).toEqual(all(true));
    expect(await isAnswered(started, await clientCertificate(authorities.clients, names))).toEqual(all(true));
    expect(await isAnswered(started, await clientCertificate(authorities.stranger, names))).toEqual(all(false));
    const expired = await clientCertificate(authorities.clients, names, { until: inDays(-1) });
    expect(await isAnswered(started, expired)).toEqual(all(false));
  });

  it("may not be left out where it is required", async () => {
    const started = await asking(true);
    expect(await isAnswered(started, {})).toEqual(all(false));
    expect(await isAnswered(started, await clientCertificate(authorities.clients, { dns: ["a"] }))).toEqual(all(true));
    expect(await isAnswered(started, await clientCertificate(authorities.stranger, { dns: ["a"] }))).toEqual(all(false));
  });

  it("that is missing is told of as TLS tells it", async () => {
    for (const { port, protocol } of listenersOf(await asking(true))) {
      const socket = connect({ host: "127.0.0.1", port, ...trusting(), ALPNProtocols: [protocol] });
      onTestFinished(() => void socket.destroy());
      const [error] = await once(socket.resume(), "error");
      expect(error.code).toBe("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED");
    }
  });

  it("is asked for from the renewal on that begins to", async () => {
    const started = await startTlsWires({ tls: tlsOf(authorities) });
    const required = tlsOf(authorities, { clientCa: authorities.clients.cert, requireClientCertificate: true });
    renew(started, required);
    expect(await isAnswered(started, {})).toEqual(all(false));
    expect(await isAnswered(started, await clientCertificate(authorities.clients, { dns: ["a"] }))).toEqual(all(true));
    renew(started, tlsOf(authorities));
    expect(await isAnswered(started, {})).toEqual(all(true));
  });

  it("is not made up for by a session of before it was required", async () => {
    const started = await startTlsWires({ tls: tlsOf(authorities, { clientCa: authorities.clients.cert }) });
    for (const { name, port, protocol } of listenersOf(started)) {
      const options = { ...trusting(), ALPNProtocols: [protocol], maxVersion: "TLSv1.2" } as const;
      const session = (await shakeHands(port, options))?.getSession();
      expect((await shakeHands(port, { ...options, session }))?.isSessionReused(), name).toBe(true);
    }
    renew(started, tlsOf(authorities, { clientCa: authorities.clients.cert, requireClientCertificate: true }));
    for (const { name, port, protocol } of listenersOf(started)) {
      const options = { ...trusting(), ALPNProtocols: [protocol], maxVersion: "TLSv1.2" } as const;
      expect(await shakeHands(port, options), name).toBeUndefined();
    }
  });
});

describe("another certificate", () => {
  it("is shown to new connections under load, and no call fails", async () => {
    const started = await startTlsWires({ tls: tlsOf(authorities) });
    const wires = clientsOf(started, trusting(), key);
    const held = await Promise.all(
      listenersOf(started).map(({ port, protocol }) => shakeHands(port, { ...trusting(), ALPNProtocols: [protocol] })),
    );
    let renewed = 0;
    let running = true;
    const codes: string[] = [];
    const load = [...wires, ...wires].map(async (wire) => {
      while (running) codes.push((await wire.send(ask)).code);
    });
    const fresh = (async () => {
      while (running) for (const wire of wiresOnce(started)) codes.push((await wire.send(ask)).code);
    })();
    let listener = authorities.listener;
    for (; renewed < 10; renewed += 1) {
      const before = codes.length;
      listener = await createServerCertificate(authorities.server, { name: `renewed ${renewed}` });
      renew(started, { ...tlsOf({ listener }) });
      await expect.poll(() => codes.length, { timeout: 20_000 }).toBeGreaterThan(before + 8);
    }
    running = false;
    await Promise.all([...load, fresh]);
    expect(new Set(codes)).toEqual(new Set(["OK"]));
    for (const { name, port, protocol } of listenersOf(started)) {
      const socket = await shakeHands(port, { ...trusting(), ALPNProtocols: [protocol] });
      expect(socket?.getPeerCertificate().subject.CN, name).toBe("renewed 9");
    }
    for (const socket of held) expect(socket?.destroyed).toBe(false);
  });

  it("leaves a call that is under way on the old one alone", async () => {
    const started = await startTlsWires({ tls: tlsOf(authorities) });
    const session = connectHttp2(`https://127.0.0.1:${started.grpcListener.address.port}`, trusting());
    onTestFinished(() => session.destroy());
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_PATH]: "/countersign.v1.CodeService/GetChallenge",
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${key}`,
    });
    const trailers = once(stream, "trailers");
    await once(session, "remoteSettings");
    renew(started, tlsOf({ listener: await createServerCertificate(authorities.server) }));
    stream.resume().end(Buffer.from([0, 0, 0, 0, 3, 10, 1, 99]));
    expect((await trailers)[0]).toMatchObject({ "grpc-status": "0" });
  });

  it("that cannot be used changes nothing", async () => {
    const started = await startTlsWires({ tls: tlsOf(authorities) });
    const broken = { ...tlsOf(authorities), key: authorities.clients.key };
    expect(() => started.grpcListener.renew(createListenerTls(broken, "h2"))).toThrow();
    expect(() => started.httpListener.renew(createListenerTls(broken, "http/1.1"))).toThrow();
    for (const wire of clientsOf(started, trusting(), key)) expect((await wire.send(ask)).code, wire.name).toBe("OK");
  });

  it("cannot be given to listeners that speak plaintext", async () => {
    const started = await startTlsWires({});
    expect(() => renew(started, tlsOf(authorities))).toThrow(/listen\.tls.*restart/);
  });

  const wiresOnce = (started: Started) => clientsOf(started, trusting(), key);
});

function renew({ grpcListener, httpListener }: Started, tls: Parameters<typeof createListenerTls>[0]): void {
  grpcListener.renew(createListenerTls(tls, "h2"));
  httpListener.renew(createListenerTls(tls, "http/1.1"));
}

async function untilOver(socket: TLSSocket | undefined): Promise<string> {
  if (!socket) return "none";
  socket.resume();
  if (!socket.destroyed) await once(socket, "close");
  return "over";
}
