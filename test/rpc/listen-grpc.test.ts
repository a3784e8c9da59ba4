import { execFile, execFileSync, spawnSync } from "node:child_process";
import { connect as connectHttp2 } from "node:http2";
import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VerifyCodeRequestSchema } from "../../src/gen/countersign/v1/code_service_pb.js";
import { listenGrpc } from "../../src/rpc/listen-grpc.ts";
import { key, startWires, useCasesThat } from "./fixture.ts";
import { wireClients } from "./wire-clients.ts";
import { grpcError } from "./wire-errors.ts";

const notFound = async () => ({ ok: false, refusal: { reason: "CHALLENGE_NOT_FOUND", message: "no" } }) as const;
const useCases = useCasesThat({ getChallenge: notFound, verifyCode: async () => sleep(150).then(notFound) });

let service: Awaited<ReturnType<typeof startWires>>;
beforeAll(async () => {
  service = await startWires({ useCases, grpc: { greetingMs: 200, idleMs: 300, maxDeadlineMs: 500 } });
});
afterAll(() => service.close());

describe("bounds", () => {
  it("drops a connection that never says it speaks HTTP/2", async () => {
    expect(await closedAfter(() => undefined)).toBeLessThan(5_000);
  });

  it("drops a connection that greets and then stays idle", async () => {
    const session = connectHttp2(`http://${service.addresses.grpc}`);
    const started = performance.now();
    await new Promise((resolve) => session.once("close", resolve));
    expect(performance.now() - started).toBeLessThan(8_000);
  });

  it("drops a connection whose peer does not close its side", async () => {
    const [host, port] = service.addresses.grpc.split(":");
    const socket = connect({ host, port: Number(port), allowHalfOpen: true });
    socket.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]));
    socket.resume();
    await new Promise((resolve) => socket.once("end", resolve));
    // Ours is closed; what we still say is answered by a reset once the other side is gone too.
    const reset = new Promise((resolve) => socket.once("error", resolve));
    const ping = Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const pings = setInterval(() => socket.write(ping), 100);
    await reset.finally(() => clearInterval(pings));
    socket.destroy();
  });

  it("answers a stream whose message never comes with DEADLINE_EXCEEDED", async () => {
    const received = await rawCall({ "grpc-timeout": undefined }, (stream) => stream.write(Buffer.of(0, 0)));
    expect(received).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "DEADLINE_EXCEEDED" });
  });

  it("refuses a message that is small only while it is compressed", async () => {
    const message = create(VerifyCodeRequestSchema, { code: "1".repeat(10_000_000) });
    const received = await rawCall({ "grpc-encoding": "gzip" }, (stream) =>
      stream.end(frame(gzipSync(toBinary(VerifyCodeRequestSchema, message)), 1)),
    );
    expect(received).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "MESSAGE_TOO_LARGE", domain: "countersign" });
  });

  it("refuses what is not compressed as the header says", async () => {
    const received = await rawCall({ "grpc-encoding": "gzip" }, (stream) => stream.end(frame(Buffer.from("not gzip"), 1)));
    expect(received).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field: "body" }] });
  });

  it("refuses a compression it does not know, and says so", async () => {
    const received = await rawCall({ "grpc-encoding": "zstd" }, (stream) => stream.end(frame(Buffer.from("x"), 1)));
    expect(received).toMatchObject({ code: "UNIMPLEMENTED", reason: "UNIMPLEMENTED" });
  });

  it("never writes a malformed authorization to its own output", async () => {
    const written: string[] = [];
    const restore = [process.stdout, process.stderr].map((output) => {
      const { write } = output;
      output.write = ((text: string | Uint8Array) => written.push(text.toString()) > 0) as typeof write;
      return () => {
        output.write = write;
      };
    });
    const received = await rawCall({ authorization: "Bearer cs_s\u00e9cret-key" }, (stream) =>
      stream.end(frame(Buffer.alloc(0), 0)),
    ).finally(() => {
      for (const undo of restore) undo();
    });
    expect(received.code).toBe("UNAUTHENTICATED");
    expect(written.join("")).not.toContain("cret-key");
  });
});

describe("address", () => {
  it("says in one line that a port is in use, and by which setting it was chosen", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as AddressInfo;
    const options = { host: "127.0.0.1", port, setting: "COUNTERSIGN_GRPC_ADDR", services: [], log: () => undefined };
    await expect(listenGrpc(options)).rejects.toThrow(new RegExp(`^COUNTERSIGN_GRPC_ADDR: 127\\.0\\.0\\.1:${port} is in use`));
    taken.close();
  });
});

describe("closing", () => {
  it("finishes what is in flight, takes nothing new, and can be asked twice", async () => {
    const other = await startWires({ useCases });
    const [wire] = wireClients(other.addresses, key);
    const inFlight = wire?.send({ method: "VerifyCode" });
    await sleep(50);
    const closed = other.grpcListener.close(2000);
    expect((await inFlight)?.code).toBe("NOT_FOUND");
    await closed;
    expect((await wire?.send({ method: "GetChallenge" }))?.code).toBe("UNAVAILABLE");
    await other.grpcListener.close(10);
    wire?.close();
    await other.httpListener.close(10);
  });

  it("ends what does not finish in time", async () => {
    const other = await startWires({ useCases: useCasesThat({}) });
    const [wire] = wireClients(other.addresses, key);
    const inFlight = wire?.send({ method: "VerifyCode" });
    await sleep(50);
    const started = performance.now();
    await other.grpcListener.close(100);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect((await inFlight)?.code).not.toBe("OK");
    wire?.close();
    await other.httpListener.close(10);
  });
});

const grpcurl = findGrpcurl();

describe.skipIf(!grpcurl)("grpcurl, by reflection", () => {
  /** What it printed, to either output. */
  const run = (...args: string[]): Promise<string> =>
    new Promise((resolve) => execFile(grpcurl as string, ["-plaintext", "-max-time", "5", ...args], (_, out, err) => resolve(out + err)));

  it("lists the services", async () => {
    expect((await run(service.addresses.grpc, "list")).split("\n")).toEqual(
      expect.arrayContaining(["countersign.v1.CodeService", "grpc.health.v1.Health"]),
    );
  });

  it("describes a message with what it is made of", async () => {
    expect(await run(service.addresses.grpc, "describe", "countersign.v1.Challenge")).toContain(".google.protobuf.Timestamp create_time");
  });

  it("calls, and can read the details of an error", async () => {
    const printed = await run(
      "-H",
      `authorization: Bearer ${key}`,
      "-d",
      '{"challenge_id":"x"}',
      service.addresses.grpc,
      "countersign.v1.CodeService/GetChallenge",
    );
    expect(printed).toContain("CHALLENGE_NOT_FOUND");
  });

  it("asks for health: of the whole and of the service, serving and draining", async () => {
    const health = (name: string) => run("-d", JSON.stringify({ service: name }), service.addresses.grpc, "grpc.health.v1.Health/Check");
    expect(await health("")).toContain('"SERVING"');
    expect(await health("countersign.v1.CodeService")).toContain('"SERVING"');
    service.grpcListener.setServing(false);
    expect(await health("countersign.v1.CodeService")).toContain("NOT_SERVING");
    service.grpcListener.setServing(true);
  });
});

function findGrpcurl(): string | undefined {
  const candidates = ["grpcurl", () => `${execFileSync("go", ["env", "GOPATH"], { encoding: "utf8" }).trim()}/bin/grpcurl`];
  for (const candidate of candidates) {
    try {
      const path = typeof candidate === "function" ? candidate() : candidate;
      if (spawnSync(path, ["-version"]).status === 0) return path;
    } catch {}
  }
  return undefined;
}

function frame(bytes: Uint8Array, flags: number): Buffer {
  const envelope = Buffer.alloc(5 + bytes.byteLength);
  envelope.writeUInt8(flags, 0);
  envelope.writeUInt32BE(bytes.byteLength, 1);
  envelope.set(bytes, 5);
  return envelope;
}

async function rawCall(
  headers: Record<string, string | undefined>,
  write: (stream: ReturnType<ReturnType<typeof connectHttp2>["request"]>) => unknown,
) {
  const session = connectHttp2(`http://${service.addresses.grpc}`);
  const stream = session.request({
    ":method": "POST",
    ":path": "/countersign.v1.CodeService/VerifyCode",
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${key}`,
    ...Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)),
  });
  stream.on("error", () => undefined);
  const status = new Promise<Record<string, unknown>>((resolve, reject) => {
    stream.once("response", (response) => (response["grpc-status"] === undefined ? undefined : resolve(response)));
    stream.once("trailers", resolve);
    stream.once("close", () => reject(new Error("closed without a status")));
  });
  write(stream);
  try {
    const answer = await status;
    const details = answer["grpc-status-details-bin"] as string | undefined;
    return grpcError(
      Number(answer["grpc-status"]),
      decodeURIComponent(String(answer["grpc-message"] ?? "")),
      details ? Buffer.from(details, "base64") : undefined,
    );
  } finally {
    session.destroy();
  }
}

async function closedAfter(write: (socket: ReturnType<typeof connect>) => void): Promise<number> {
  const [host, port] = service.addresses.grpc.split(":");
  const socket = connect(Number(port), host);
  const started = performance.now();
  write(socket);
  socket.on("error", () => undefined);
  socket.resume();
  await new Promise((resolve) => socket.once("close", resolve));
  return performance.now() - started;
}
