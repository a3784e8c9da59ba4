/** What becomes a call, and who is closed when places run out, on an HTTP/2 server of Node with nothing else in it. */
import { createServer, type Http2Session, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { createWaitingStreams, type WaitingLimits } from "../../src/rpc/waiting-streams.ts";
import { callFields, flag, frame, greeting, headers, reset, type } from "./frames.ts";
import { framesOf, type Peer } from "./peer.ts";
import { attackFrom } from "./two-services.ts";

async function startServer(limits: Partial<WaitingLimits> = {}) {
  const calls: number[] = [];
  const cut = (session: Http2Session): void => session.destroy();
  const letIn = createWaitingStreams({ maxWaitingStreams: 1_000, maxDeadlineMs: 60_000, ...limits }, cut);
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer().on("session", (session) => sessions.add(session));
  server.on("stream", (stream) =>
    letIn(stream, () => {
      calls.push(stream.id as number);
      stream.on("error", () => undefined);
      stream.resume();
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { calls, connect: () => greeted(`127.0.0.1:${port}`) };
}

async function greeted(address: string): Promise<Peer> {
  const peer = await attackFrom(address);
  await peer.write(greeting);
  return peer;
}

const begin = (stream: number): Buffer => headers(stream, callFields());
const request = (stream: number): Buffer =>
  Buffer.concat([begin(stream), frame({ type: type.data, flags: flag.endStream, stream, payload: Buffer.alloc(5) })]);
const streams = (from: number, count: number): readonly number[] => Array.from({ length: count }, (_, index) => from + 2 * index);
const each = (numbers: readonly number[], make: (stream: number) => Buffer): Buffer => Buffer.concat(numbers.map(make));
const resetsOf = (peer: Peer) => framesOf(peer.received()).filter((one) => one.type === type.reset);
const pause = () => new Promise((resolve) => setTimeout(resolve, 100));

it("makes a call of few that are taken back, and of every request that arrives", async () => {
  const { calls, connect } = await startServer();
  const peer = await connect();
  for (const stream of streams(1, 50)) await peer.write(Buffer.concat([begin(stream), reset(stream)]));
  const good = streams(101, 50);
  await peer.write(each(good, request));
  await expect.poll(() => calls.filter((stream) => stream > 100)).toEqual(good);
  expect(calls.length - good.length).toBeLessThanOrEqual(4);
});

it("makes calls of many that are begun at once when their requests come", async () => {
  const { calls, connect } = await startServer();
  const peer = await connect();
  const all = streams(1, 50);
  await peer.write(each(all, begin));
  await pause();
  expect(calls.length).toBeLessThanOrEqual(4);
  await peer.write(each(all, (stream) => frame({ type: type.data, flags: flag.endStream, stream, payload: Buffer.alloc(5) })));
  await expect.poll(() => calls.toSorted((a, b) => a - b)).toEqual(all);
});

it("closes connections with many that never asked, before one that has", async () => {
  const { calls, connect } = await startServer({ maxWaitingStreams: 100 });
  const [known, stranger, other] = [await connect(), await connect(), await connect()];
  await known.write(request(1));
  await expect.poll(() => calls).toEqual([1]);
  await known.write(each(streams(3, 40), begin));
  await stranger.write(each(streams(1, 40), begin));
  await pause();
  expect([known.isClosed(), stranger.isClosed()]).toEqual([false, false]);
  await other.write(each(streams(1, 40), begin));
  await stranger.closed;
  expect(known.isClosed()).toBe(false);
  expect(resetsOf(known)).toEqual([]);
});

it("closes one that has asked where no stranger is left", async () => {
  const { calls, connect } = await startServer({ maxWaitingStreams: 50 });
  const peer = await connect();
  await peer.write(request(1));
  await expect.poll(() => calls).toEqual([1]);
  await peer.write(each(streams(3, 60), begin));
  await peer.closed;
});

it("takes back the oldest where nobody has many", async () => {
  const { connect } = await startServer({ maxWaitingStreams: 12 });
  const peers = [await connect(), await connect()];
  for (const peer of peers) {
    await peer.write(each(streams(1, 8), begin));
    await pause();
  }
  expect(peers.map((peer) => resetsOf(peer).map(({ stream }) => stream))).toEqual([[1, 3, 5, 7], []]);
});

it("takes back what says nothing for too long, and leaves the call alone that was made of one", async () => {
  const { calls, connect } = await startServer({ maxDeadlineMs: 300 });
  const peer = await connect();
  await peer.write(each(streams(1, 10), begin));
  await expect.poll(() => resetsOf(peer).length, { timeout: 10_000 }).toBe(6);
  expect(calls).toEqual([1, 3, 5, 7]);
});
