/** What attackers do, all they can, until they are told to stop. Each gives what it achieved. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Addresses } from "../rpc/wire-clients.ts";
import { callFields, fields, flag, frame, greeting, headers, reset, type } from "./frames.ts";
import { openPeer, type Peer, type PeerOptions } from "./peer.ts";

export type Storm = {
  readonly name: string;
  /** `size`: 1 for what is asked for, less for a smaller one. */
  run(addresses: Addresses, size: number, signal: AbortSignal): Promise<Readonly<Record<string, number>>>;
};

export const storms: readonly Storm[] = [
  { name: "slow loris", run: slowLoris },
  { name: "rapid reset", run: rapidReset },
  { name: "idle connections", run: idleConnections },
  { name: "concurrent streams", run: concurrentStreams },
  { name: "endless headers", run: endlessHeaders },
];

const line = "POST /countersign.v1.CodeService/GetChallenge HTTP/1.1\r\nhost: x\r\n";

/** 2,000 connections, half to each listener, that say one byte of a greeting or of a header at a time, and come again when cut off. */
async function slowLoris({ grpc, http }: Addresses, size: number, signal: AbortSignal) {
  let cut = 0;
  const drip = async (address: string, bytes: Buffer, place: number): Promise<void> => {
    while (!signal.aborted) {
      const peer = await open(address, place, signal);
      for (let at = 0; peer && !signal.aborted && !peer.isClosed(); at++) {
        await peer.write(bytes.subarray(at % bytes.length, (at % bytes.length) + 1));
        await pause(1_000, signal);
      }
      if (peer?.isClosed()) cut += 1;
      peer?.socket.destroy();
    }
  };
  const each = Math.ceil(1_000 * size);
  await all(each, (place) => drip(grpc, greeting.subarray(0, 20), place), signal);
  await all(each, (place) => drip(http, Buffer.from(`${line}${"x-a: b\r\n".repeat(100)}`), place), signal);
  await aborted(signal);
  return { connections: 2 * each, "cut off": cut };
}

/** 20 connections that begin and take back as many calls as go through, and come again when they are told to calm down. */
async function rapidReset({ grpc }: Addresses, size: number, signal: AbortSignal) {
  let calls = 0;
  let connections = 0;
  const resetOn = async (peer: Peer): Promise<void> => {
    await peer.write(greeting);
    for (let stream = 1; !signal.aborted && !peer.isClosed(); stream += 200) {
      const some = Array.from({ length: 100 }, (_, at) => Buffer.concat([headers(stream + 2 * at, callFields()), reset(stream + 2 * at)]));
      if (await peer.write(Buffer.concat(some))) calls += 100;
      await pause(10, signal);
    }
    peer.socket.destroy();
  };
  const attack = async (place: number): Promise<void> => {
    for (; !signal.aborted; await pause(100, signal)) {
      const peer = await open(grpc, place, signal);
      if (!peer) continue;
      connections += 1;
      await resetOn(peer);
    }
  };
  await all(Math.ceil(20 * size), attack, signal);
  await aborted(signal);
  return { connections, calls };
}

/** 10,000 connections, half to each listener, of which those to gRPC greet; whoever is cut off comes again. */
async function idleConnections({ grpc, http }: Addresses, size: number, signal: AbortSignal) {
  let cut = 0;
  let held = 0;
  const hold = async (address: string, place: number): Promise<void> => {
    while (!signal.aborted) {
      const peer = await open(address, place, signal);
      if (!peer) {
        await pause(500, signal);
        continue;
      }
      held += 1;
      if (address === grpc) await peer.write(greeting);
      await Promise.race([peer.closed, aborted(signal)]);
      if (peer.isClosed()) cut += 1;
      peer.socket.destroy();
      await pause(500, signal);
    }
  };
  const each = Math.ceil(5_000 * size);
  await all(each, (place) => hold(grpc, place), signal);
  await all(each, (place) => hold(http, place), signal);
  await aborted(signal);
  return { opened: held, "cut off": cut };
}

/** 100 connections with 1,000 streams each, which begin a call and never end it, and come again when cut off. */
async function concurrentStreams({ grpc }: Addresses, size: number, signal: AbortSignal) {
  let asked = 0;
  const askOn = async (peer: Peer): Promise<void> => {
    await peer.write(greeting);
    for (let stream = 1; stream < 2_000 && !signal.aborted && !peer.isClosed(); stream += 100) {
      const some = Array.from({ length: 50 }, (_, at) => headers(stream + 2 * at, callFields()));
      if (await peer.write(Buffer.concat(some))) asked += 50;
      await pause(100, signal);
    }
    await Promise.race([peer.closed, aborted(signal)]);
    peer.socket.destroy();
  };
  const attack = async (place: number): Promise<void> => {
    for (; !signal.aborted; await pause(500, signal)) {
      const peer = await open(grpc, place, signal);
      if (peer) await askOn(peer);
    }
  };
  await all(Math.ceil(100 * size), attack, signal);
  await aborted(signal);
  return { "streams asked for": asked };
}

/** Headers that go on until a GiB, or the end of the connection: one connection at a time, on each wire. */
async function endlessHeaders({ grpc, http }: Addresses, size: number, signal: AbortSignal) {
  const gibibyte = 2 ** 30 * size;
  let most = 0;
  let connections = 0;
  const some = Array.from({ length: 10 }, (_, at) => [`x-${at}`, "y".repeat(1_500)] as const);
  const text = Buffer.from(some.map(([name, value]) => `${name}: ${value}\r\n`).join(""));
  const more = frame({ type: type.continuation, stream: 1, payload: fields(some) });
  const attack = async (address: string, [first, next]: readonly [Buffer, Buffer], place: number): Promise<void> => {
    for (; !signal.aborted; await pause(50, signal)) {
      const peer = await open(address, place, signal);
      if (!peer) continue;
      connections += 1;
      await peer.write(first);
      let sent = 0;
      while (sent < gibibyte && !signal.aborted && (await peer.write(next))) sent += next.length;
      most = Math.max(most, sent);
      peer.socket.destroy();
    }
  };
  await all(5, (place) => attack(grpc, [Buffer.concat([greeting, headers(1, callFields(), flag.endStream)]), more], place), signal);
  await all(5, (place) => attack(http, [Buffer.from(line), text], place), signal);
  await aborted(signal);
  return { connections, "most MB of one": Math.round(most / 10_000) / 100 };
}

/** Begins so many, without waiting for their end, and lets others have their turn meanwhile. */
async function all(count: number, attack: (place: number) => Promise<void>, signal: AbortSignal): Promise<void> {
  for (let place = 0; place < count && !signal.aborted; place++) {
    attack(place).catch(() => undefined);
    if (place % 50 === 49) await sleep(20);
  }
}

/** Attackers have many addresses (127.0.0.2 and on), so that no limit of one client is in the way of the others. */
function open(address: string, place: number, signal: AbortSignal): Promise<Peer | undefined> {
  const options: PeerOptions = { localAddress: `127.0.0.${2 + (place % 200)}`, deaf: true };
  if (signal.aborted) return Promise.resolve(undefined);
  const forget = (peer: Peer): Peer => {
    peer.socket.resume();
    return peer;
  };
  return openPeer(address, options).then(forget, () => undefined);
}

const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal }).catch(() => undefined);

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
