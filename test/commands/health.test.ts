import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { generate } from "selfsigned";
import { describe, expect, it, onTestFinished } from "vitest";
import { freePort, launch, startService } from "../process/service.ts";

describe("health", () => {
  it("asks the service beside it, on whichever address that listens", async () => {
    const service = await startService();
    expect(await health(service.http)).toEqual({ code: 0, said: `${service.http}/healthz answers 200\n` });
    expect(await health(service.http, "--ready")).toEqual({ code: 0, said: `${service.http}/readyz answers 200\n` });
    const port = service.http.split(":")[1];
    expect(await health(`0.0.0.0:${port}`)).toMatchObject({ code: 0 });
    expect(await health("127.0.0.1:1", "--address", service.http)).toMatchObject({ code: 0 });
  });

  it("speaks TLS to whoever wants it, under any name", async () => {
    const { cert, private: key } = await generate([{ name: "commonName", value: "otp.example.com" }]);
    const address = await listen(https.createServer({ cert, key }, (_, response) => response.end("{}")));
    expect(await health(address)).toEqual({ code: 0, said: `${address}/healthz answers 200\n` });
  });

  it("fails where nothing listens, where it is not ready, and where no HTTP is spoken", async () => {
    const nowhere = `127.0.0.1:${await freePort()}`;
    expect(await health(nowhere)).toEqual({ code: 1, said: `nothing listens on ${nowhere}\n` });
    const notReady = await listen(http.createServer((_, response) => response.writeHead(503).end()));
    expect(await health(notReady, "--ready")).toEqual({ code: 1, said: `${notReady}/readyz answers 503\n` });
    const silent = await listen(http.createServer().on("connection", (socket) => socket.destroy()));
    expect(await health(silent)).toMatchObject({ code: 1, said: expect.stringContaining("does not answer") });
  });

  it("waits until it is ready", async () => {
    let asked = 0;
    const server = http.createServer((_, response) => {
      asked += 1;
      response.writeHead(asked < 3 ? 503 : 200).end();
    });
    expect(await health(await listen(server), "--ready", "--wait", "60")).toMatchObject({ code: 0 });
    expect(asked).toBe(3);
  });

  it.each([
    ["--wait", "301"],
    ["--wait", "soon"],
    ["--address", "here"],
    ["--address", "127.0.0.1:0"],
  ])("does not understand %s %s", async (...args) => {
    expect(await health("127.0.0.1:1", ...args)).toMatchObject({ code: 2, said: expect.stringContaining(args[0] ?? "") });
  });

  it("goes by the environment, and not by a configuration that the service has not taken", async () => {
    const service = await startService();
    const { exited } = launch({ env: { COUNTERSIGN_HTTP_ADDR: service.http }, config: "broken: [" }, ["health"]);
    expect((await exited).code).toBe(0);
  });
});

async function health(address: string, ...args: string[]): Promise<{ code: number | null; said: string }> {
  const { exited, stdout, stderr } = launch({ env: { COUNTERSIGN_HTTP_ADDR: address } }, ["health", ...args]);
  const { code } = await exited;
  return { code, said: stdout() + stderr() };
}

async function listen(server: http.Server | https.Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
