/** Every bound of the HTTP listener, attacked over raw sockets. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { key } from "../rpc/fixture.ts";
import type { Peer } from "./peer.ts";
import { attackFrom, type Limits, startBounded } from "./two-services.ts";

type Http = NonNullable<Limits["http"]>;
type Attack = { readonly name: string; readonly tight: Http; readonly wide: Http; attack(peer: Peer): Promise<unknown> };

const line = "POST /countersign.v1.CodeService/GetChallenge HTTP/1.1\r\n";
const head = `${line}host: x\r\ncontent-type: application/json\r\nauthorization: Bearer ${key}\r\n`;
const call = `${head}content-length: 2\r\n\r\n{}`;

/** A little of it every now and then, for as long as the connection is there; waited for by nobody. */
function drip(peer: Peer, text: string): Promise<void> {
  const dripping = async (): Promise<void> => {
    for (let index = 0; await peer.write(text[index % text.length] ?? ""); index++) await sleep(50);
  };
  void dripping();
  return Promise.resolve();
}

describe("ends the connection", () => {
  const attacks: readonly Attack[] = [
    { name: "that says nothing", tight: { headersMs: 300 }, wide: { headersMs: 60_000, requestMs: 60_000 }, attack: async () => undefined },
    {
      name: "whose headers drip (slow loris)",
      tight: { headersMs: 300 },
      wide: { headersMs: 60_000, requestMs: 60_000 },
      attack: async (peer) => {
        await peer.write(head);
        await drip(peer, "x-a: 1\r\n");
      },
    },
    {
      name: "whose body drips",
      tight: { headersMs: 300, requestMs: 600 },
      wide: { requestMs: 60_000 },
      attack: async (peer) => {
        await peer.write(`${head}content-length: 10000\r\n\r\n`);
        await drip(peer, " ");
      },
    },
    {
      name: "that has asked and does not ask again",
      tight: { keepAliveMs: 300 },
      wide: { keepAliveMs: 60_000 },
      attack: (peer) => peer.write(call),
    },
    {
      name: "over which nothing goes either way",
      tight: { silentMs: 300 },
      wide: { silentMs: 60_000 },
      attack: (peer) => {
        const body = `\0\0\0\0\x02{}`;
        const watch = head.replace("GetChallenge", "WatchChallenge").replace("application/json", "application/connect+json");
        return peer.write(`${watch}content-length: ${body.length}\r\n\r\n${body}`);
      },
    },
    {
      name: "that is old, with the answer to its last request",
      tight: { maxAgeMs: 300 },
      wide: { maxAgeMs: 60_000 },
      attack: async (peer) => {
        await peer.write(call);
        await sleep(400);
        await peer.write(call);
        await expect.poll(() => answersIn(peer)).toEqual([404, 404]);
      },
    },
  ];
  it.each(attacks)("$name", async ({ tight, wide, attack }) => {
    const { http: bounded } = await startBounded({ http: tight });
    const { http: open } = await startBounded({ http: wide });
    const [cut, kept] = await Promise.all([attackFrom(bounded), attackFrom(open)]);
    await Promise.all([attack(cut), attack(kept)]);
    await cut.closed;
    expect(kept.isClosed()).toBe(false);
  });
});

describe("refuses the request", () => {
  const withFields = (count: number, bytes: number): string =>
    `${head}${Array.from({ length: count }, (_, index) => `x-${index}: ${"y".repeat(bytes)}\r\n`).join("")}content-length: 2\r\n\r\n{}`;
  const attacks: readonly Attack[] = [
    {
      name: "with too many bytes of headers",
      tight: { maxHeaderBytes: 4_096 },
      wide: { maxHeaderBytes: 65_536 },
      attack: (peer) => peer.write(withFields(5, 1_000)),
    },
    {
      name: "with too many header fields",
      tight: { maxHeaderFields: 20 },
      wide: { maxHeaderFields: 1_000 },
      attack: (peer) => peer.write(withFields(17, 1)),
    },
  ];
  it.each(attacks)("$name", async ({ tight, wide, attack }) => {
    const { http: bounded } = await startBounded({ http: tight });
    const { http: open } = await startBounded({ http: wide });
    const [cut, kept] = await Promise.all([attackFrom(bounded), attackFrom(open)]);
    await Promise.all([attack(cut), attack(kept)]);
    await cut.closed;
    expect(answersIn(cut)).toEqual([431]);
    await expect.poll(() => answersIn(kept)).toEqual([404]);
    expect(kept.isClosed()).toBe(false);
  });

  it("whose headers never end, before a hundredth of a GiB has been sent", async () => {
    const { http } = await startBounded({});
    const peer = await attackFrom(http);
    await peer.write(head);
    let sent = 0;
    for (const some = `x-a: ${"y".repeat(1_000)}\r\n`; sent < 2 ** 30 && (await peer.write(some)); ) sent += some.length;
    await peer.closed;
    expect(sent).toBeLessThan(2 ** 30 / 100);
  });

  it("and stops reading requests whose answers nobody takes", async () => {
    const { http } = await startBounded({});
    const peer = await attackFrom(http, { deaf: true });
    const many = Buffer.from("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1_000));
    let sent = 0;
    // What the kernel holds for both sides is a few MiB.
    while (sent < 2 ** 26 && (await taken(peer, many))) sent += many.length;
    expect(sent).toBeLessThan(2 ** 26);
  });
});

/** Whether it was written before long. */
const taken = (peer: Peer, bytes: Uint8Array): Promise<boolean> => Promise.race([peer.write(bytes), sleep(3_000, false)]);

const answersIn = (peer: Peer): number[] =>
  [
    ...peer
      .received()
      .toString("latin1")
      .matchAll(/HTTP\/1\.1 (\d+)/g),
  ].map(([, status]) => Number(status));
