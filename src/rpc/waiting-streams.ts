import { constants, type Http2Session, type ServerHttp2Stream } from "node:http2";
import { calmDown } from "./frame-guard.ts";

export type WaitingLimits = {
  /** Of the whole listener: streams whose request has not arrived. */
  readonly maxWaitingStreams: number;
  /** How long one may wait at most. */
  readonly maxDeadlineMs: number;
};

/** So many that wait on a connection are calls at once: an honest caller's request is nearly always there with its headers. */
const callsWhileWaiting = 50;

/**
 * Streams whose request has not arrived as a whole. When there are more than may be, one is taken back, with its connection if that
 * has many of them: nobody can take up the memory, or the places, by only beginning. And on a connection with many of them a stream
 * becomes a call only when something of its request is there, since a call costs ten times what a stream does.
 */
export function createWaitingStreams({ maxWaitingStreams, maxDeadlineMs }: WaitingLimits) {
  /** In the order they came, with what is to be done when one need not wait any longer. */
  const waiting = new Map<ServerHttp2Stream, () => void>();
  const perSession = new WeakMap<Http2Session, number>();
  const silent = new WeakMap<Http2Session, number>();
  return (stream: ServerHttp2Stream, becomeCall: () => void): void => {
    const { session } = stream;
    if (!session) return;
    const before = add(perSession, session, 1);
    const arrived = (): void => {
      if (!waiting.delete(stream)) return;
      add(perSession, session, -1);
    };
    waiting.set(stream, arrived);
    stream.once("end", arrived);
    stream.once("close", arrived);
    if (before < callsWhileWaiting) becomeCall();
    else {
      add(silent, session, 1);
      hold(stream, maxDeadlineMs, () => add(silent, session, -1), becomeCall);
    }
    if (waiting.size > maxWaitingStreams) takeBackOne(waiting, (one) => (silent.get(one) ?? 0) > callsWhileWaiting);
  };
}

/** Gives what it was before. */
function add(counts: WeakMap<Http2Session, number>, session: Http2Session, change: number): number {
  const before = counts.get(session) ?? 0;
  counts.set(session, before + change);
  return before;
}

/** Until there is something to read. */
function hold(stream: ServerHttp2Stream, maxMs: number, onEnd: () => void, becomeCall: () => void): void {
  // A reset must not end the process.
  stream.on("error", () => undefined);
  stream.setTimeout(maxMs, () => stream.close(constants.NGHTTP2_CANCEL));
  let isOver = false;
  const over = (): void => {
    if (!isOver) onEnd();
    isOver = true;
  };
  stream.once("close", over);
  stream.once("readable", () => {
    over();
    stream.setTimeout(0);
    // When whoever reads next can make it flow: not before the listener is gone for the stream, too.
    setImmediate(() => {
      if (!stream.destroyed) becomeCall();
    });
  });
}

function takeBackOne(waiting: ReadonlyMap<ServerHttp2Stream, () => void>, hasMany: (session: Http2Session) => boolean): void {
  // Whoever has only a few may be honest, and held up by the others.
  const [oldest] = waiting;
  const found = waiting.entries().find(([{ session }]) => session && hasMany(session)) ?? oldest;
  if (!found) return;
  const [stream, forget] = found;
  // One by one, each would be a write to the socket.
  if (stream.session && hasMany(stream.session)) calmDown(stream.session);
  forget();
  stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
}
