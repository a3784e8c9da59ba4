import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSmtpServer } from "../providers/smtp-server.ts";
import type { WireClient } from "../rpc/wire-clients.ts";
import { newPhone, outcome, parallel, sendTo, tally } from "./calls.ts";
import { stores } from "./databases.ts";
import { newKey, sampleConfig } from "./production-config.ts";
import { newSqlite, type Service, startService } from "./service.ts";

const onTeardown: (() => Promise<unknown>)[] = [];
afterAll(() => Promise.all(onTeardown.map((stop) => stop())));

const table = [
  { key: "device", windowSeconds: 600, max: 10 },
  { key: "client", windowSeconds: 600, max: 3 },
  { key: "prefix", windowSeconds: 600, max: 4 },
  { key: "application", windowSeconds: 600, max: 1_000, action: "record" },
];

describe.each(stores)("limits of two processes on one database: $name", ({ newUrl }) => {
  const env = { COUNTERSIGN_STORE_URL: newUrl(), COUNTERSIGN__sendLimits: JSON.stringify(table) };
  let replicas: readonly Service[];
  let wires: readonly WireClient[];

  beforeAll(async () => {
    replicas = await Promise.all([startService({ env }), startService({ env })]);
    wires = replicas.flatMap((replica) => [replica.gRPC, replica.JSON]);
  });

  it("let as many of the parallel sends of one device through as it has, whatever else refuses", async () => {
    // Connections are there first: what is told here is not how fast they are made.
    await parallel(12, wires, () => sendTo(newPhone()));
    const device = (index: number) => ({ client: { deviceId: `${index}` } });
    const ofOnePrefix = await parallel(24, wires, (index) => sendTo(`+1415555${1000 + index * 7}`, device(1)));
    expect(tally(ofOnePrefix)).toEqual({ OK: 4, RATE_LIMITED: 20 });
    const others = await parallel(24, wires, () => sendTo(newPhone(), device(1)));
    expect(tally(others)).toEqual({ OK: 6, RATE_LIMITED: 18 });
    expect(tally(await parallel(24, wires, () => sendTo(newPhone(), device(2))))).toEqual({ OK: 10, RATE_LIMITED: 14 });
  });

  it("tell whose turn is over, and until when", async () => {
    const client = { ipAddress: "2001:db8::1" };
    const send = (wire: WireClient | undefined, ipAddress: string) => wire?.send(sendTo(newPhone(), { client: { ...client, ipAddress } }));
    for (const host of ["2001:db8::1", "2001:db8::2", "2001:db8::3"]) expect(outcome((await send(wires[0], host)) as never)).toBe("OK");
    const refused = await send(wires[3], "2001:db8::4");
    expect(refused).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "RATE_LIMITED", metadata: { scope: "client" } });
    expect(refused?.retryAfterMs).toBeGreaterThan(500_000);
    expect(outcome((await send(wires[0], "2001:db8:0:1::1")) as never)).toBe("OK");
    const reached = () =>
      replicas.flatMap((replica) => replica.log()).filter(({ event, scope }) => event === "limit_reached" && scope === "client");
    await expect.poll(reached).toMatchObject([{ application: "dev", windowSeconds: 600, action: "refuse", refused: true }]);
  });

  it("count a retried send once", async () => {
    const request = { client: { ipAddress: "198.51.100.7" }, idempotencyKey: "once" };
    const to = newPhone();
    for (let i = 0; i < 6; i++) expect(outcome((await wires[i % 4]?.send(sendTo(to, request))) as never)).toBe("OK");
    for (let i = 0; i < 2; i++) expect(outcome((await wires[i]?.send(sendTo(newPhone(), { client: request.client }))) as never)).toBe("OK");
    expect(outcome((await wires[0]?.send(sendTo(newPhone(), { client: request.client }))) as never)).toBe("RATE_LIMITED");
  });
});

describe("the default table, in production, behind a proxy", () => {
  const caller = newKey();
  const origin = "https://app.example.com";
  let service: Service;

  beforeAll(async () => {
    const smtp = await startSmtpServer({ authOptional: true });
    onTeardown.push(() => smtp.stop());
    const { applications, ...config } = sampleConfig({ smtp: { port: smtp.port, ca: smtp.ca } }, []);
    const [shop] = applications;
    const keys = [{ id: "page", hash: caller.hash, kind: "browser", origins: [origin] }];
    service = await startService({
      config: { ...config, applications: [{ ...shop, keys }], sendLimits: undefined, trustedProxies: { networks: ["127.0.0.1"] } },
      store: newSqlite().url,
      key: caller.key,
    });
  });

  it("lets a browser's address send ten times, and is not fooled by what the browser writes", async () => {
    const send = (index: number, forwardedFor: string) =>
      service.wires[index % 4]?.send({
        method: "SendCode",
        request: { recipient: { emailAddress: `${index}-${forwardedFor.length}@example.com` }, client: { ipAddress: `192.0.2.${index}` } },
        headers: { origin, "x-forwarded-for": forwardedFor, forwarded: `for=192.0.2.${index}` },
      });
    for (let index = 0; index < 10; index++) expect((await send(index, `198.51.100.${index}, 203.0.113.9`))?.code).toBe("OK");
    for (let index = 10; index < 14; index++)
      expect(await send(index, `198.51.100.${index}, 203.0.113.9`)).toMatchObject({
        reason: "RATE_LIMITED",
        metadata: { scope: "client" },
      });
    expect((await send(14, "203.0.113.9, 203.0.113.10"))?.code).toBe("OK");
  });
});
