/** Every bound of the gRPC listener, attacked over raw sockets. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { key } from "../rpc/fixture.ts";
import { wireClients } from "../rpc/wire-clients.ts";
import { callFields, fields, flag, frame, greeting, headers, indexed, number, pointer, reset, type } from "./frames.ts";
import { calm, framesOf, goawayCode, type Peer } from "./peer.ts";
import { attackFrom, type Limits, startBounded } from "./two-services.ts";

type Grpc = NonNullable<Limits["grpc"]>;
type Attack = { readonly name: string; readonly tight: Grpc; readonly wide: Grpc; attack(peer: Peer): Promise<unknown> };

const ping = frame({ type: type.ping, payload: Buffer.from("attacker") });
const callsOf = (count: number, make: (stream: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => make(2 * index + 1)));
const beginCall = (stream: number): Buffer => headers(stream, callFields());
const watchHealth = Buffer.concat([
  headers(1, callFields("/grpc.health.v1.Health/Watch")),
  frame({ type: type.data, flags: flag.endStream, stream: 1, payload: Buffer.alloc(5) }),
]);

/** Small pieces, so that what is said back is not lost with the connection. */
const slowly = async (peer: Peer, count: number, make: (index: number) => Buffer): Promise<void> => {
  await peer.write(greeting);
  for (let index = 0; index < count && !peer.isClosed(); index++) {
    await peer.write(make(index));
    await sleep(2);
  }
};

describe("ends the connection", () => {
  const attacks: readonly Attack[] = [
    { name: "that never says it speaks HTTP/2", tight: { greetingMs: 200 }, wide: { greetingMs: 60_000 }, attack: async () => undefined },
    {
      name: "that greets byte by byte",
      tight: { greetingMs: 300 },
      wide: { greetingMs: 60_000 },
      attack: async (peer) => {
        for (const byte of greeting.subarray(0, 12)) {
          await peer.write(Buffer.of(byte));
          await sleep(20);
        }
      },
    },
    {
      name: "that greets and then asks for nothing",
      tight: { idleMs: 300 },
      wide: { idleMs: 60_000 },
      attack: (peer) => peer.write(greeting),
    },
    {
      name: "that does not say it is there",
      tight: { pingAfterMs: 200, pingTimeoutMs: 200 },
      wide: { pingAfterMs: 60_000 },
      attack: (peer) => peer.write(Buffer.concat([greeting, watchHealth])),
    },
    {
      name: "that is old",
      tight: { maxAgeMs: 300, maxDeadlineMs: 100, maxStreamMs: 100 },
      wide: { maxAgeMs: 60_000 },
      attack: (peer) => peer.write(greeting),
    },
  ];
  it.each(attacks)("$name", async ({ tight, wide, attack }) => {
    const { grpc: bounded } = await startBounded({ grpc: tight });
    const { grpc: open } = await startBounded({ grpc: wide });
    const [cut, kept] = await Promise.all([attackFrom(bounded), attackFrom(open)]);
    await Promise.all([attack(cut), attack(kept)]);
    await cut.closed;
    expect(kept.isClosed()).toBe(false);
  });
});

const few = { burst: 10, perSecond: 1 };
const many = { burst: 10_000, perSecond: 10_000 };

describe("tells to calm down", () => {
  const attacks: readonly Attack[] = [
    {
      name: "who takes back what it asked for (rapid reset)",
      tight: { resets: few },
      wide: { resets: many },
      attack: (peer) => slowly(peer, 100, (index) => Buffer.concat([beginCall(2 * index + 1), reset(2 * index + 1)])),
    },
    {
      name: "who takes back what it asked for as a whole",
      tight: { resets: few },
      wide: { resets: many },
      attack: (peer) =>
        slowly(peer, 100, (index) => Buffer.concat([headers(2 * index + 1, callFields("/none"), flag.endHeaders), reset(2 * index + 1)])),
    },
    {
      name: "who has every PING answered",
      tight: { controlFrames: few },
      wide: { controlFrames: many },
      attack: (peer) => slowly(peer, 100, () => ping),
    },
    {
      name: "who has every SETTINGS acknowledged",
      tight: { controlFrames: few },
      wide: { controlFrames: many },
      attack: (peer) => slowly(peer, 100, () => frame({ type: type.settings })),
    },
  ];
  it.each(attacks)("$name", async ({ tight, wide, attack }) => {
    const { grpc: bounded } = await startBounded({ grpc: tight });
    const { grpc: open } = await startBounded({ grpc: wide });
    const [cut, kept] = await Promise.all([attackFrom(bounded), attackFrom(open)]);
    await Promise.all([attack(cut), attack(kept)]);
    await cut.closed;
    expect(goawayCode(cut.received())).toBe(calm);
    await expectAlive(kept);
  });

  it("and counts in one read what Node counts, without a handler being asked", async () => {
    const { grpc } = await startBounded({ grpc: { resets: few } });
    const peer = await attackFrom(grpc);
    await peer.write(Buffer.concat([greeting, callsOf(500, (stream) => Buffer.concat([beginCall(stream), reset(stream)]))]));
    await peer.closed;
  });

  it("and lets a client measure the connection while it calls, and give up some of its calls", async () => {
    const { grpc } = await startBounded({ grpc: { controlFrames: few, resets: few } });
    const peer = await attackFrom(grpc);
    await slowly(peer, 50, (index) => Buffer.concat([headers(2 * index + 1, callFields("/none"), flag.endHeaders | 1), ping, ping]));
    await expectAlive(peer);
  });
});

describe("does not let in again for a while", () => {
  const floods: Readonly<Record<string, Buffer>> = {
    "who takes back more than it may": callsOf(50, (stream) => Buffer.concat([beginCall(stream), reset(stream)])),
    "who takes back more than Node reads at once": callsOf(3_000, (stream) => Buffer.concat([beginCall(stream), reset(stream)])),
    "who breaks the protocol": Buffer.concat(Array<Buffer>(3_000).fill(frame({ type: type.continuation, stream: 1 }))),
    "who begins more than may wait": callsOf(150, beginCall),
  };
  it.each(Object.entries(floods))("%s", async (_, flood) => {
    const limits = { grpc: { resets: few, maxWaitingStreams: 100 } };
    const { grpc: bounded } = await startBounded({ ...limits, connections: { calmMs: 60_000 } });
    const { grpc: open } = await startBounded({ ...limits, connections: { calmMs: 0 } });
    for (const address of [bounded, open]) {
      const peer = await attackFrom(address);
      await peer.write(Buffer.concat([greeting, flood]));
      await peer.closed;
    }
    await (await attackFrom(bounded)).closed;
    for (const peer of [await attackFrom(bounded, { localAddress: "127.0.0.2" }), await attackFrom(open)]) {
      await peer.write(greeting);
      await expectAlive(peer);
    }
  });
});

describe("takes back the stream", () => {
  const refused = (peer: Peer): Promise<number[]> =>
    settled(() => framesOf(peer.received()).filter((each) => each.type === type.reset)).then((resets) =>
      resets.map(({ stream }) => stream),
    );
  const answered = (peer: Peer): number[] =>
    framesOf(peer.received())
      .filter((each) => each.type === type.headers)
      .map(({ stream }) => stream);
  const attacks: readonly (Attack & { readonly cut: readonly number[] })[] = [
    {
      name: "above the number of streams",
      tight: { maxStreamsPerConnection: 10 },
      wide: { maxStreamsPerConnection: 1_000 },
      attack: (peer) => peer.write(Buffer.concat([greeting, callsOf(12, beginCall)])),
      cut: [21, 23],
    },
    {
      name: "that has waited longest for its request, when too many do",
      tight: { maxWaitingStreams: 10 },
      wide: { maxWaitingStreams: 1_000 },
      attack: (peer) => peer.write(Buffer.concat([greeting, callsOf(12, beginCall)])),
      cut: [1, 3],
    },
    {
      name: "with too many bytes of headers",
      tight: { maxHeaderBytes: 4_096 },
      wide: { maxHeaderBytes: 65_536 },
      attack: (peer) => peer.write(Buffer.concat([greeting, headers(1, withFields(2, 4_000), flag.endHeaders)])),
      cut: [1],
    },
    {
      name: "with few bytes of headers that stand for many",
      tight: { maxHeaderBytes: 16_384 },
      wide: { maxHeaderBytes: 65_536 },
      attack: (peer) => {
        const bomb = Buffer.concat([callFields(), indexed("x-a", "y".repeat(3_000)), ...Array<Buffer>(10).fill(pointer)]);
        return peer.write(Buffer.concat([greeting, headers(1, bomb, flag.endHeaders)]));
      },
      cut: [1],
    },
    {
      name: "with too many header fields",
      tight: { maxHeaderFields: 20 },
      wide: { maxHeaderFields: 1_000 },
      attack: (peer) => peer.write(Buffer.concat([greeting, headers(1, withFields(50, 1), flag.endHeaders)])),
      cut: [1],
    },
    {
      name: "that no memory of the connection is left for",
      tight: { maxSessionMebibytes: 1 },
      wide: { maxSessionMebibytes: 64 },
      attack: async (peer) => {
        await peer.write(greeting);
        for (let index = 0; index < 140; index++) await peer.write(headers(2 * index + 1, withFields(1, 15_000)));
      },
      cut: [],
    },
  ];
  it.each(attacks)("$name", async ({ tight, wide, attack, cut }) => {
    const { grpc: bounded } = await startBounded({ grpc: tight });
    const { grpc: open } = await startBounded({ grpc: wide });
    const [held, let_in] = await Promise.all([attackFrom(bounded), attackFrom(open)]);
    await Promise.all([attack(held), attack(let_in)]);
    await expectAlive(let_in);
    expect(await refused(let_in)).toEqual([]);
    const streams = await refused(held);
    if (cut.length > 0) expect(streams).toEqual(cut);
    else expect(streams.length).toBeGreaterThan(0);
    expect(answered(held)).toEqual([]);
  });

  it("and lets an honest caller call while others only begin to", async () => {
    const addresses = await startBounded({ grpc: { maxWaitingStreams: 10 } });
    const peer = await attackFrom(addresses.grpc);
    await peer.write(Buffer.concat([greeting, callsOf(500, beginCall)]));
    const [wire] = wireClients(addresses, key);
    for (let call = 0; call < 5; call++) expect(await wire?.send({ method: "GetChallenge" })).toMatchObject({ code: "NOT_FOUND" });
    wire?.close();
  });
});

it("answers an honest caller who asks for very much at once on one connection", async () => {
  const addresses = await startBounded({});
  const [wire] = wireClients(addresses, key);
  for (let turn = 0; turn < 3; turn++) {
    const answers = await Promise.all(Array.from({ length: 900 }, () => wire?.send({ method: "GetChallenge" })));
    expect(new Set(answers.map((answer) => answer?.code))).toEqual(new Set(["NOT_FOUND"]));
  }
  wire?.close();
});

describe("ends, by Node itself, a connection", () => {
  const floods: Readonly<Record<string, (index: number) => Buffer>> = {
    "of headers that never end": (index) =>
      index === 0
        ? headers(1, callFields(), 0)
        : frame({ type: type.continuation, stream: 1, payload: fields([["x-a", "y".repeat(1_000)]]) }),
    "of headers that never end and are empty": (index) =>
      index === 0 ? headers(1, callFields(), 0) : frame({ type: type.continuation, stream: 1 }),
    "of empty messages": (index) => (index === 0 ? beginCall(1) : frame({ type: type.data, stream: 1 })),
    "of broken frames that have streams taken back (CVE-2025-8671)": (index) =>
      Buffer.concat([beginCall(2 * index + 1), frame({ type: type.windowUpdate, stream: 2 * index + 1, payload: number(0) })]),
    "of priorities": (index) => frame({ type: type.priority, stream: 2 * index + 1, payload: Buffer.of(0, 0, 0, 0, 1) }),
    "of frames that nobody knows": () => frame({ type: 99, payload: Buffer.alloc(8) }),
  };
  it.each(Object.entries(floods))("%s", async (_, make) => {
    const { grpc } = await startBounded({});
    const peer = await attackFrom(grpc);
    await peer.write(greeting);
    for (let index = 0; index < 100_000 && !peer.isClosed(); index++) await peer.write(make(index));
    await peer.closed;
  });
});

const withFields = (count: number, bytes: number): Buffer =>
  Buffer.concat([callFields(), fields(Array.from({ length: count }, (_, index) => [`x-${index}`, "y".repeat(bytes)] as const))]);

/** A connection that still answers. */
async function expectAlive(peer: Peer): Promise<void> {
  const last = Buffer.from("are you?");
  await peer.write(frame({ type: type.ping, payload: last }));
  await expect
    .poll(() => framesOf(peer.received()).some((each) => each.type === type.ping && each.payload.equals(last)), { timeout: 20_000 })
    .toBe(true);
}

/** What there is once nothing is added any more. */
async function settled<T>(list: () => readonly T[]): Promise<readonly T[]> {
  for (let before = -1; ; await sleep(300)) {
    const now = list();
    if (now.length === before) return now;
    before = now.length;
  }
}
