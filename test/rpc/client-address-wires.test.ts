import { request as httpRequest } from "node:http";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ClientContext } from "../../src/otp/types.ts";
import { createAuthenticate, hashKey } from "../../src/rpc/auth.ts";
import { createFindClientAddress, type TrustedProxies } from "../../src/rpc/client-address.ts";
import { application } from "../otp/fixture.ts";
import { startWires, useCasesThat } from "./fixture.ts";
import { type WireClient, wireClients } from "./wire-clients.ts";

const stranger = "203.0.113.9";
const spoofed = { "x-forwarded-for": "198.51.100.7", forwarded: "for=198.51.100.7", "x-real-ip": "198.51.100.7" };

type Running = Awaited<ReturnType<typeof startWires>>;
const seen: ClientContext[] = [];
const services: Running[] = [];
const all: WireClient[] = [];

async function start(proxies: TrustedProxies): Promise<{ service: Running; browser: WireClient[]; backend: WireClient[] }> {
  const keys = (["service", "browser"] as const).map((kind) => ({
    hash: hashKey(kind),
    caller: { application, kind, rights: ["codes"] as const, keyId: kind },
  }));
  const service = await startWires({
    useCases: useCasesThat({
      sendCode: async ({ client }) => {
        seen.push(client);
        return { ok: false, refusal: { reason: "CODE_EXPIRED", message: "noted" } };
      },
    }),
    authenticate: createAuthenticate(keys),
    findAddress: createFindClientAddress(proxies),
  });
  services.push(service);
  const [browser, backend] = [wireClients(service.addresses, "browser"), wireClients(service.addresses, "service")];
  all.push(...browser, ...backend);
  return { service, browser, backend };
}

let open: Awaited<ReturnType<typeof start>>;
let behindProxy: Awaited<ReturnType<typeof start>>;
let behindModernProxy: Awaited<ReturnType<typeof start>>;

beforeAll(async () => {
  open = await start({ networks: [], header: "x-forwarded-for" });
  behindProxy = await start({ networks: ["127.0.0.1/32"], header: "x-forwarded-for" });
  behindModernProxy = await start({ networks: ["127.0.0.1/32"], header: "forwarded" });
});
afterAll(async () => {
  for (const wire of all) wire.close();
  await Promise.all(services.map((service) => service.close()));
});
beforeEach(() => {
  seen.length = 0;
});

const stated = { client: { ipAddress: "192.0.2.44", deviceId: "stated", userAgent: "stated" } };

async function sendAll(wires: readonly WireClient[], headers: Record<string, string> = {}): Promise<readonly ClientContext[]> {
  for (const wire of wires) await wire.send({ method: "SendCode", request: stated, headers });
  expect(seen).toHaveLength(wires.length);
  return seen;
}

describe("on all four wires", () => {
  it("a browser's address is that of its connection, whatever it states or its headers say", async () => {
    for (const client of await sendAll(open.browser, spoofed)) expect(client).toMatchObject({ ipAddress: "127.0.0.1", deviceId: "" });
  });

  it("a service states whom it acts for, and its own address says nothing", async () => {
    for (const client of await sendAll(open.backend, spoofed)) expect(client).toMatchObject(stated.client);
  });

  it("a proxy's word counts, and nothing that stands left of it", async () => {
    const headers = { ...spoofed, "x-forwarded-for": `198.51.100.7, ${stranger}` };
    for (const client of await sendAll(behindProxy.browser, headers)) expect(client.ipAddress).toBe(stranger);
  });

  it("a proxy's word counts in the other header", async () => {
    const headers = { ...spoofed, forwarded: `for=198.51.100.7, for="${stranger}:443";proto=https` };
    for (const client of await sendAll(behindModernProxy.browser, headers)) expect(client.ipAddress).toBe(stranger);
  });

  it("nobody can say who it is where the proxy did not", async () => {
    for (const client of await sendAll(behindProxy.browser, { forwarded: "for=198.51.100.7" })) expect(client.ipAddress).toBe("");
  });

  it("nobody can say who it is where the proxy hid it", async () => {
    for (const client of await sendAll(behindModernProxy.browser, { forwarded: "for=_hidden" })) expect(client.ipAddress).toBe("");
  });

  it("10 KiB of headers from a stranger change nothing", async () => {
    const headers = { "x-forwarded-for": "198.51.100.7, ".repeat(750), forwarded: 'for="'.repeat(20) };
    for (const client of await sendAll(open.browser, headers)) expect(client.ipAddress).toBe("127.0.0.1");
  });

  it("a browser tells its program and page", async () => {
    for (const client of await sendAll(open.browser, { origin: "https://app.example.com" }))
      expect(client).toMatchObject({ origin: "https://app.example.com", userAgent: expect.any(String) });
  });
});

describe("headers that come in several lines", () => {
  it("are read from the last line on gRPC", async () => {
    const client = new Client(behindProxy.service.addresses.grpc, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set("authorization", "Bearer browser");
    for (const address of ["198.51.100.7", "198.51.100.8", stranger]) metadata.add("x-forwarded-for", address);
    const identity = (bytes: Buffer): Buffer => bytes;
    await new Promise((resolve) => {
      client.makeUnaryRequest("/countersign.v1.CodeService/SendCode", identity, identity, Buffer.alloc(0), metadata, {}, resolve);
    });
    client.close();
    expect(seen.map(({ ipAddress }) => ipAddress)).toEqual([stranger]);
  });

  it("are read from the last line over HTTP/1.1", async () => {
    const [host, port] = behindProxy.service.addresses.http.split(":");
    const headers = {
      authorization: "Bearer browser",
      "content-type": "application/json",
      "x-forwarded-for": ["198.51.100.7", "198.51.100.8", stranger],
    };
    await new Promise((resolve, reject) => {
      const request = httpRequest({ host, port, method: "POST", path: "/countersign.v1.CodeService/SendCode", headers }, (response) => {
        response.resume().on("end", resolve);
      });
      request.on("error", reject).end("{}");
    });
    expect(seen.map(({ ipAddress }) => ipAddress)).toEqual([stranger]);
  });

  it("name no caller when a key comes twice", async () => {
    const [, , , json] = open.browser;
    const received = await json?.send({ method: "SendCode", headers: { authorization: "Bearer browser, Bearer service" } });
    expect(received?.code).toBe("UNAUTHENTICATED");
    expect(seen).toEqual([]);
  });
});
