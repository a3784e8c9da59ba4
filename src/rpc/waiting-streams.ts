import { constants, type Http2Session, type ServerHttp2Stream } from "node:http2";
import { calmDown } from "./frame-guard.ts";

export type WaitingLimits = {
  /** Of the whole listener: streams whose request has not arrived. */
  readonly maxWaitingStreams: number;
  /** How long one may wait at most. */
  readonly maxDeadlineMs: number;
};

/** An honest caller's request is nearly always there with its headers, unless it makes many calls at once. */
const callsOnTrust = 8;
/** A connection with so many on which nothing has come, when places run out, is no caller's. */
const manySilent = 50;

/** Of one connection. */
type Streams = {
  /** Whose request has not arrived as a whole. */
  waiting: number;
  /** That ended before it had, less one for each that has arrived since. */
  lost: number;
  /** Of those that wait, those of which nothing but headers has come. */
  silent: number;
};

/**
 * Streams whose request has not arrived as a whole. When there are more than may be, one is taken back, or a connection that has
 * many of them: nobody can take up the memory, or the places, by only beginning. And on a connection where many wait, or were
 * taken back, a stream becomes a call only when something of its request is there, since a call costs ten times what a stream does.
 */
export function createWaitingStreams({ maxWaitingStreams, maxDeadlineMs }: WaitingLimits) {
  /** In the order they came, with what is to be done when one need not wait any longer. */
  const waiting = new Map<ServerHttp2Stream, () => void>();
  const bySession = new WeakMap<Http2Session, Streams>();
  const crowded = new Set<Http2Session>();
  const makeRoom = (): void => {
    const [session] = crowded;
    // Stream by stream, each would be a write to the socket.
    if (session) {
      crowded.delete(session);
      calmDown(session);
      return;
    }
    // Whoever has only a few may be honest, and held up by the others.
    const [oldest] = waiting;
    if (!oldest) return;
    const [stream, forget] = oldest;
    forget();
    stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  return (stream: ServerHttp2Stream, becomeCall: () => void): void => {
    const { session } = stream;
    if (!session) return;
    const of = bySession.get(session) ?? { waiting: 0, lost: 0, silent: 0 };
    bySession.set(session, of);
    const isTrusted = of.waiting + of.lost < callsOnTrust;
    of.waiting += 1;
    const forget = (): void => {
      if (waiting.delete(stream)) of.waiting -= 1;
    };
    waiting.set(stream, forget);
    stream.once("end", () => {
      if (waiting.has(stream) && of.lost > 0) of.lost -= 1;
      forget();
    });
    stream.once("close", () => {
      if (waiting.has(stream)) of.lost += 1;
      forget();
    });
    if (isTrusted) becomeCall();
    else {
      of.silent += 1;
      if (of.silent === manySilent) crowded.add(session);
      const speak = (): void => {
        of.silent -= 1;
        if (of.silent === manySilent - 1) crowded.delete(session);
      };
      hold(stream, maxDeadlineMs, speak, becomeCall);
    }
    if (waiting.size > maxWaitingStreams) makeRoom();
  };
}

/** Until there is something to read, or it is closed: `onEnd`. */
function hold(stream: ServerHttp2Stream, maxMs: number, onEnd: () => void, becomeCall: () => void): void {
  // A reset must not end the process.
  stream.on("error", () => undefined);
  stream.setTimeout(maxMs, () => stream.close(constants.NGHTTP2_CANCEL));
  let isHeld = true;
  const letGo = (): void => {
    if (isHeld) onEnd();
    isHeld = false;
  };
  stream.once("close", letGo);
  stream.once("readable", () => {
    letGo();
    stream.setTimeout(0);
    // When whoever reads next can make it flow: not before the listener is gone for the stream, too.
    setImmediate(() => {
      if (!stream.destroyed) becomeCall();
    });
  });
}
