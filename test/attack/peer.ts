import { connect, type Socket } from "node:net";
import { type } from "./frames.ts";

/** One end of a connection, made by hand: what is written goes out as it is, and what came back is kept as frames or text. */
export type Peer = {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  isClosed(): boolean;
  /** Writes, and waits for the other side to take it; false when the connection is gone. */
  write(bytes: Uint8Array | string): Promise<boolean>;
  received(): Buffer;
};

export type PeerOptions = { readonly localAddress?: string /** Takes nothing of what is sent to it. */; readonly deaf?: boolean };

export function openPeer(address: string, { localAddress, deaf = false }: PeerOptions = {}): Promise<Peer> {
  const [host, port] = address.split(":");
  const socket = connect({ host, port: Number(port), ...(localAddress !== undefined && { localAddress }) });
  const chunks: Buffer[] = [];
  let isClosed = false;
  const closed = new Promise<void>((resolve) =>
    socket.once("close", () => {
      isClosed = true;
      resolve();
    }),
  );
  socket.on("error", () => undefined);
  if (!deaf) socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  const peer: Peer = {
    socket,
    closed,
    isClosed: () => isClosed,
    write: async (bytes) => {
      if (isClosed || socket.destroyed) return false;
      if (!socket.write(bytes)) await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
      return !isClosed;
    },
    received: () => Buffer.concat(chunks),
  };
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(peer));
    socket.once("error", reject);
  });
}

export type Received = { readonly type: number; readonly flags: number; readonly stream: number; readonly payload: Buffer };

/** The frames of what came back, the last left out if it is not whole. */
export function framesOf(bytes: Buffer): Received[] {
  const frames: Received[] = [];
  for (let at = 0; at + 9 <= bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    const [kind, flags] = [bytes.readUInt8(at + 3), bytes.readUInt8(at + 4)];
    frames.push({ type: kind, flags, stream: bytes.readUInt32BE(at + 5), payload: bytes.subarray(at + 9, end) });
    at = end;
  }
  return frames;
}

/** The error code of the last GOAWAY (RFC 9113, section 7), if one came. */
export function goawayCode(bytes: Buffer): number | undefined {
  return framesOf(bytes)
    .findLast((frame) => frame.type === type.goaway)
    ?.payload.readUInt32BE(4);
}

export const calm = 11;
