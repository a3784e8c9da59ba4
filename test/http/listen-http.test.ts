import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { listenHttp } from "../../src/http/listen-http.ts";
import { key, startWires, useCasesThat } from "../rpc/fixture.ts";
import { wireClients } from "../rpc/wire-clients.ts";

const notFound = async () => ({ ok: false, refusal: { reason: "CHALLENGE_NOT_FOUND", message: "no" } }) as const;
const useCases = useCasesThat({ getChallenge: notFound, verifyCode: async () => sleep(150).then(notFound) });
const origin = "https://app.example.com";
const path = "/countersign.v1.CodeService/GetChallenge";

let service: Awaited<ReturnType<typeof startWires>>;
beforeAll(async () => {
  const http = { headersMs: 300, requestMs: 600, keepAliveMs: 300, silentMs: 1000, maxHeaderBytes: 4096 };
  service = await startWires({ useCases, http, origins: [origin] });
});
afterAll(() => service.close());

const post = (headers: Record<string, string> = {}, body: string | Uint8Array = "{}", method = "POST") =>
  fetch(`http://${service.addresses.http}${path}`, {
    method,
    headers: { "content-type": "application/json", authorization: `Bearer ${key}`, ...headers },
    ...(method !== "GET" && { body: body as string }),
  });

describe("CORS", () => {
  it("lets a listed origin ask and call, with the headers its client needs", async () => {
    const preflight = await post({ origin, "access-control-request-method": "POST" }, "", "OPTIONS");
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(origin);
    for (const name of [
      "authorization",
      "content-type",
      "connect-protocol-version",
      "connect-timeout-ms",
      "x-grpc-web",
      "grpc-timeout",
      "x-user-agent",
    ])
      expect(preflight.headers.get("access-control-allow-headers")?.toLowerCase().split(", ")).toContain(name);
    const call = await post({ origin });
    expect(call.status).toBe(404);
    expect(call.headers.get("access-control-allow-origin")).toBe(origin);
    expect(call.headers.get("vary")).toContain("Origin");
    for (const name of ["grpc-status", "grpc-message", "grpc-status-details-bin"])
      expect(call.headers.get("access-control-expose-headers")?.toLowerCase().split(", ")).toContain(name);
  });

  it.each(["https://evil.example", "null", "https://app.example.com.evil.example", "http://app.example.com"])(
    "tells %s nothing",
    async (other) => {
      for (const response of [await post({ origin: other }, "", "OPTIONS"), await post({ origin: other })])
        expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    },
  );
});

describe("what is not an RPC as it should be", () => {
  it.each([
    ["GET", 405],
    ["PUT", 405],
    ["DELETE", 405],
  ])("%s: %i", async (method, status) => {
    const response = await post({}, "{}", method);
    expect(response.status).toBe(status);
    expect(response.headers.get("allow")).toBe("POST");
  });

  it.each(["text/plain", "application/xml", "", "application/grpc", "application/grpc+proto"])(
    "content-type %j: 415, in words",
    async (contentType) => {
      const response = await post({ "content-type": contentType });
      expect(response.status).toBe(415);
      expect(await response.text()).toContain("application/json");
    },
  );

  // Whoever is answered while still sending and then cut off reads of a broken connection, and not what was wrong.
  it("lets a caller end what it is sending, and call again on the same connection", async () => {
    const lines = (type: string) => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\nauthorization: Bearer ${key}\r\n`;
    const socket = connect(Number(service.addresses.http.split(":")[1]), "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
    });
    const answered = (status: number) => vi.waitFor(() => expect(answer).toContain(`HTTP/1.1 ${status}`), { timeout: 5_000, interval: 5 });
    socket.write(`${lines("text/plain")}content-length: 5\r\n\r\n`);
    await answered(415);
    socket.write(`hello${lines("application/json")}content-length: 2\r\n\r\n{}`);
    await answered(404);
    socket.destroy();
  });

  it("answers with nosniff and no-store", async () => {
    const { headers } = await post();
    expect([headers.get("x-content-type-options"), headers.get("cache-control")]).toEqual(["nosniff", "no-store"]);
  });

  it.each(["Host: [", "Host: a b", "Host: x/../\u0080"])("survives %j", async (host) => {
    const body = "{}";
    const head = `POST ${path} HTTP/1.1\r\n${host}\r\ncontent-type: application/json\r\nauthorization: Bearer ${key}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n`;
    expect(await raw(head + body)).toMatch(/^HTTP\/1\.1 (404|400)/);
    expect((await post()).status).toBe(404);
  });

  it("survives HTTP/1.0 without a host", async () => {
    const head = `POST ${path} HTTP/1.0\r\ncontent-type: application/json\r\nauthorization: Bearer ${key}\r\ncontent-length: 2\r\n\r\n{}`;
    expect(await raw(head)).toMatch(/^HTTP\/1\.1 404/);
    expect((await post()).status).toBe(404);
  });
});

describe("compression", () => {
  it("reads gzip", async () => {
    expect((await post({ "content-encoding": "gzip" }, gzipSync('{"challengeId":"x"}'))).status).toBe(404);
  });

  it("refuses a message that is small only while it is compressed", async () => {
    const response = await post({ "content-encoding": "gzip" }, gzipSync(JSON.stringify({ challengeId: "x".repeat(10_000_000) })));
    expect(await response.json()).toMatchObject({ code: "resource_exhausted", details: [{ debug: { reason: "MESSAGE_TOO_LARGE" } }] });
  });

  it("refuses what is not compressed as the header says", async () => {
    expect(await (await post({ "content-encoding": "gzip" }, "{}")).json()).toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("body"),
    });
  });

  it("refuses a compression it does not know", async () => {
    expect(await (await post({ "content-encoding": "zstd" }, "{}")).json()).toMatchObject({ code: "unimplemented" });
  });
});

describe("bounds", () => {
  const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer ${key}\r\n`;

  it.each([
    ["nothing is sent", ""],
    ["headers do not end", head],
    ["the body does not come", `${head}content-length: 10\r\n\r\n`],
    [
      "the body of a refused request does not come",
      `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n\r\n`,
    ],
    ["the body does not end", `${head}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n`],
  ])("drops a connection when %s", async (_, bytes) => {
    const started = performance.now();
    await raw(bytes);
    expect(performance.now() - started).toBeLessThan(4000);
  });

  it("refuses headers that are too large", async () => {
    expect(await raw(`${head}x-much: ${"x".repeat(8192)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431/);
  });

  it("answers a body that is too large, whatever it says of its length, before it has read it all", async () => {
    const chunk = "x".repeat(65_536);
    const chunks = Array(40).fill(`10000\r\n${chunk}\r\n`).join("");
    const answer = await raw(`${head}transfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
    // A client that does not stop to listen may lose the answer with the connection; nobody gets another one.
    if (answer) expect(answer).toContain("resource_exhausted");
    expect((await post()).status).toBe(404);
  });
});

describe("address and closing", () => {
  it("says in one line that a port is in use, and by which setting it was chosen", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as AddressInfo;
    const options = {
      host: "127.0.0.1",
      port,
      setting: "COUNTERSIGN_HTTP_ADDR",
      rpc: () => false,
      routes: () => ({ isReady: () => true }),
      origins: () => new Set<string>(),
      onError: () => undefined,
    };
    await expect(listenHttp(options)).rejects.toThrow(new RegExp(`^COUNTERSIGN_HTTP_ADDR: 127\\.0\\.0\\.1:${port} is in use`));
    taken.close();
  });

  it("finishes what is in flight and takes nothing new", async () => {
    const other = await startWires({ useCases });
    const wire = wireClients(other.addresses, key).find(({ name }) => name === "JSON");
    const inFlight = wire?.send({ method: "VerifyCode" });
    await sleep(50);
    const started = performance.now();
    const closed = other.httpListener.close(5000);
    expect((await inFlight)?.code).toBe("NOT_FOUND");
    await closed;
    expect(performance.now() - started).toBeLessThan(4_000);
    await expect(wire?.send({ method: "GetChallenge" })).rejects.toThrow();
    await other.grpcListener.close(10);
  });

  it("ends what does not finish in time", async () => {
    const other = await startWires({ useCases: useCasesThat({}) });
    const wire = wireClients(other.addresses, key).find(({ name }) => name === "JSON");
    const inFlight = wire?.send({ method: "VerifyCode" }).catch(() => "ended");
    await sleep(50);
    await other.httpListener.close(100);
    expect(await inFlight).toBe("ended");
    await other.grpcListener.close(10);
  });
});

/** Sends bytes as they are and gives back everything until the other side closes. */
function raw(bytes: string): Promise<string> {
  const [host, port] = service.addresses.http.split(":");
  const socket = connect(Number(port), host);
  let answer = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    answer += chunk;
  });
  socket.on("error", () => undefined);
  socket.write(bytes, "latin1");
  return new Promise((resolve) => socket.once("close", () => resolve(answer)));
}
