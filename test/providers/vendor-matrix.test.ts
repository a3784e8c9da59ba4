import net from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ClosableProvider } from "../../src/providers/closable-provider.ts";
import { patience } from "./messages.ts";
import { type Behaviour, startVendorServer } from "./vendor-server.ts";
import { type Vendor, vendors } from "./vendors.ts";

/** By behaviour: what the provider says of it, and how many messages the vendor then has. */
type Case = readonly [name: string, behaviour: (vendor: Vendor) => Behaviour, expected: object, messages: number];

const cases: readonly Case[] = [
  ["accepted", () => ({ kind: "api" }), { outcome: "accepted", reference: expect.stringMatching(/^.{32,36}$/) }, 1],
  ["throttled", ({ throttled }) => ({ kind: "answer", ...throttled }), { outcome: "retryable", failure: "throttled" }, 0],
  ["an internal error", ({ serverError }) => ({ kind: "answer", ...serverError }), { outcome: "unknown", failure: "provider_error" }, 0],
  ["502 of a proxy", () => ({ kind: "answer", status: 502, body: "bad gateway" }), { outcome: "unknown", vendorCode: "http_502" }, 0],
  ["a time-out of the server", () => ({ kind: "answer", status: 408, body: "" }), { outcome: "unknown", failure: "provider_error" }, 0],
  ["429 of a proxy", () => ({ kind: "answer", status: 429, body: "slow down" }), { outcome: "retryable", failure: "throttled" }, 0],
  ["401 of a proxy", () => ({ kind: "answer", status: 401, body: "" }), { outcome: "permanent", failure: "credentials_refused" }, 0],
  ["400 in HTML", () => ({ kind: "answer", status: 400, body: "<html>" }), { outcome: "permanent", failure: "provider_error" }, 0],
  [
    "a malformed answer",
    () => ({ kind: "answer", status: 200, body: "<html>welcome" }),
    { outcome: "unknown", failure: "provider_error" },
    0,
  ],
  ["nothing in the answer", () => ({ kind: "answer", status: 201, body: "" }), { outcome: "unknown", failure: "provider_error" }, 0],
  ["null in the answer", () => ({ kind: "answer", status: 200, body: "null" }), { outcome: "unknown", failure: "provider_error" }, 0],
  ["no id in the answer", ({ nameless }) => ({ kind: "answer", ...nameless }), { outcome: "unknown", failure: "provider_error" }, 0],
  [
    "a redirect",
    () => ({ kind: "answer", status: 307, body: "", headers: { location: "/elsewhere" } }),
    { outcome: "unknown", vendorCode: "http_307" },
    0,
  ],
  ["a huge answer", () => ({ kind: "huge" }), { outcome: "unknown", failure: "provider_error" }, 1],
  ["a reset after the request", () => ({ kind: "reset" }), { outcome: "unknown", failure: "unreachable" }, 1],
  ["a reset within the answer", () => ({ kind: "reset_in_answer" }), { outcome: "unknown", failure: "unreachable" }, 1],
  ["no answer", () => ({ kind: "hang" }), { outcome: "unknown", failure: "timeout" }, 1],
  ["an answer that drips", () => ({ kind: "drip" }), { outcome: "unknown", failure: "timeout" }, 1],
];

describe.each(vendors)("$name", (vendor) => {
  let server: Awaited<ReturnType<typeof startVendorServer>>;
  const open: ClosableProvider[] = [];

  async function provide(more: object = {}): Promise<ClosableProvider> {
    const provider = await vendor.create({ baseUrl: server.baseUrl, timeoutSeconds: 1, ...more });
    open.push(provider);
    return provider;
  }

  beforeAll(async () => {
    server = await startVendorServer(vendor.api());
  });
  beforeEach(() => {
    server.requests.length = 0;
    server.state.messages = 0;
    server.state.behaviour = { kind: "api" };
  });
  afterEach(async () => {
    for (const provider of open.splice(0)) await provider.close();
  });
  afterAll(() => server.stop());

  describe.each(Object.entries(vendor.messages))("%s, one request, and what its answer means:", (_channel, message) => {
    test.each(cases)("%s", async (_name, behaviour, expected, messages) => {
      const provider = await provide();
      server.state.behaviour = behaviour(vendor);
      expect(await provider.send(message, patience())).toMatchObject(expected);
      expect(server.requests).toHaveLength(1);
      expect(server.state.messages).toBe(messages);
    });

    test("a bad number", async () => {
      const provider = await provide();
      const result = await provider.send({ ...message, to: "+49" }, patience());
      expect(result).toMatchObject({ outcome: "permanent" });
      // The voice APIs of Vonage and Bird do not say which field they did not like.
      const tells = message.channel !== "voice" || vendor.name === "twilio";
      expect(result).toMatchObject({ failure: tells ? "recipient_refused" : "provider_error" });
      expect([server.requests.length, server.state.messages]).toEqual([1, 0]);
    });

    test("bad credentials", async () => {
      const provider = await provide(vendor.wrongCredentials);
      expect(await provider.send(message, patience())).toMatchObject({ outcome: "permanent", failure: "credentials_refused" });
      expect([server.requests.length, server.state.messages]).toEqual([1, 0]);
    });

    test("the code is in the body, and neither in the URL nor in a header", async () => {
      const provider = await provide();
      await provider.send(message, patience());
      for (const { path, headers, body } of server.requests) {
        expect(path + JSON.stringify(headers)).not.toContain(message.code);
        expect([...message.code].every((character) => body.includes(character))).toBe(true);
      }
      expect(server.requests).toHaveLength(1);
    });
  });

  const [message] = Object.values(vendor.messages);
  if (!message) throw new Error("a vendor without messages");

  describe("what never left:", () => {
    test("a connection refused", async () => {
      const provider = await provide({ baseUrl: `http://127.0.0.1:${await closedPort()}` });
      expect(await provider.send(message, patience())).toEqual({ outcome: "retryable", failure: "unreachable" });
    });

    test("a time-out before the request was written", async () => {
      const silent = net.createServer();
      await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      const provider = await provide({ baseUrl: `https://127.0.0.1:${(silent.address() as net.AddressInfo).port}` });
      expect(await provider.send(message, patience())).toEqual({ outcome: "retryable", failure: "timeout" });
      silent.close();
    });

    test("a TLS handshake that fails", async () => {
      const provider = await provide({ baseUrl: server.baseUrl.replace("http:", "https:") });
      expect(await provider.send(message, patience())).toEqual({ outcome: "retryable", failure: "unreachable" });
      expect(server.requests).toHaveLength(0);
    });

    test("a caller who was gone before", async () => {
      const provider = await provide();
      expect(await provider.send(message, AbortSignal.abort())).toEqual({ outcome: "retryable", failure: "timeout" });
      expect(server.requests).toHaveLength(0);
    });
  });

  test("the caller's deadline ends a request before the provider's own", async () => {
    const provider = await provide({ timeoutSeconds: 8 });
    server.state.behaviour = { kind: "hang" };
    const started = performance.now();
    expect(await provider.send(message, AbortSignal.timeout(200))).toMatchObject({ outcome: "unknown", failure: "timeout" });
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  test("connections are kept, and a lost one is not taken for a request that never left", async () => {
    const provider = await provide();
    const before = server.state.connections;
    for (let round = 0; round < 5; round += 1) expect(await provider.send(message, patience())).toMatchObject({ outcome: "accepted" });
    expect(server.state.connections - before).toBe(1);
    server.state.behaviour = { kind: "reset" };
    expect(await provider.send(message, patience())).toMatchObject({ outcome: "unknown" });
    expect(server.requests).toHaveLength(6);
  });
});

async function closedPort(): Promise<number> {
  const probe = net.createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as net.AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
