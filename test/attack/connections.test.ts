/** Who may connect, and how much they may send: the same on both listeners. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { callFields, flag, frame, greeting, headers, number, type } from "./frames.ts";
import { framesOf, type Peer } from "./peer.ts";
import { attackFrom, type Limits, startBounded } from "./two-services.ts";

type Listener = "grpc" | "http";
const listeners: readonly Listener[] = ["grpc", "http"];
type Connections = NonNullable<Limits["connections"]>;

/** Something that is answered, and leaves the connection open. */
const ask: Readonly<Record<Listener, Uint8Array | string>> = {
  grpc: Buffer.concat([greeting, headers(1, callFields("/none"), flag.endHeaders | flag.endStream)]),
  http: "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n",
};

const hello: Readonly<Record<Listener, Uint8Array | string>> = { grpc: greeting, http: "" };

/** Does work that costs nothing but bytes. */
const flood: Readonly<Record<Listener, (peer: Peer, bytes: number) => Promise<void>>> = {
  grpc: async (peer, bytes) => {
    const some = Buffer.concat(Array<Buffer>(5_000).fill(frame({ type: type.windowUpdate, payload: number(1) })));
    for (let sent = 0; sent < bytes && (await peer.write(some)); sent += some.length);
  },
  http: async (peer, bytes) => {
    const body = " ".repeat(1_000_000);
    const request = `POST /countersign.v1.CodeService/GetChallenge HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    for (let sent = 0; sent < bytes && (await peer.write(request)); sent += request.length);
  },
};

describe.each(listeners)("%s", (listener) => {
  const startBoth = async (tight: Connections): Promise<readonly [string, string]> => {
    const bounded = await startBounded({ connections: tight });
    const open = await startBounded({});
    return [bounded[listener], open[listener]];
  };

  it("lets a client have so many connections, and another as many", async () => {
    const [bounded, open] = await startBoth({ maxConnectionsPerClient: 3 });
    const peers = [];
    for (let index = 0; index < 5; index++) peers.push(await attackFrom(bounded));
    const kept = [];
    for (let index = 0; index < 5; index++) kept.push(await attackFrom(open));
    await Promise.all(peers.slice(3).map(({ closed }) => closed));
    const other = await attackFrom(bounded, { localAddress: "127.0.0.2" });
    await expectAnswered(other, listener);
    for (const peer of [...peers.slice(0, 3), ...kept]) await expectAnswered(peer, listener);
    // A place that is given back is given again.
    peers[0]?.socket.destroy();
    await expect.poll(() => isAnswered(bounded, listener), { timeout: 20_000 }).toBe(true);
  });

  it("makes room by who has been there longest without asking for anything", async () => {
    const [bounded, open] = await startBoth({ maxConnections: 4 });
    const asking = await attackFrom(bounded);
    await expectAnswered(asking, listener);
    const silent = [];
    for (let index = 0; index < 6; index++) silent.push(await attackFrom(bounded));
    const kept = [];
    for (let index = 0; index < 7; index++) kept.push(await attackFrom(open));
    await Promise.all(silent.slice(0, 3).map(({ closed }) => closed));
    for (const peer of [...silent.slice(3), ...kept]) await expectAnswered(peer, listener);
    expect(asking.isClosed()).toBe(false);
    // Now all have asked for something, and nobody has to go.
    await (await attackFrom(bounded)).closed;
    expect([asking, ...silent.slice(3)].map((peer) => peer.isClosed())).toEqual([false, false, false, false]);
  });

  it("ends a connection that sends more than it may", async () => {
    const [bounded, open] = await startBoth({ maxBytesPerSecond: 2 ** 20 });
    const [cut, kept] = await Promise.all([attackFrom(bounded), attackFrom(open)]);
    await Promise.all([cut.write(hello[listener]), kept.write(hello[listener])]);
    await Promise.all([flood[listener](cut, 2 ** 23), flood[listener](kept, 2 ** 23)]);
    await cut.closed;
    await sleep(600);
    expect(kept.isClosed()).toBe(false);
  });

  it("and lets one be that sends as much over time", async () => {
    const [bounded] = await startBoth({ maxBytesPerSecond: 2 ** 23 });
    const peer = await attackFrom(bounded);
    await peer.write(hello[listener]);
    for (let turn = 0; turn < 4; turn++) {
      await flood[listener](peer, 2 ** 21);
      await sleep(400);
    }
    expect(peer.isClosed()).toBe(false);
  });
});

async function isAnswered(address: string, listener: Listener): Promise<boolean> {
  const peer = await attackFrom(address);
  await peer.write(ask[listener]);
  return Promise.race([peer.closed.then(() => false), answered(peer, listener).then(() => true)]);
}

async function expectAnswered(peer: Peer, listener: Listener): Promise<void> {
  await peer.write(ask[listener]);
  await answered(peer, listener);
  expect(peer.isClosed()).toBe(false);
}

const answered = (peer: Peer, listener: Listener): Promise<void> =>
  expect.poll(() => hasAnswer[listener](peer.received()), { timeout: 20_000 }).toBe(true);

const hasAnswer: Readonly<Record<Listener, (received: Buffer) => boolean>> = {
  grpc: (received) => framesOf(received).some((each) => each.type === type.headers),
  http: (received) => received.includes('"up"'),
};
