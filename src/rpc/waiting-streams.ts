import { constants, type Http2Session, type ServerHttp2Stream } from "node:http2";

export type WaitingLimits = {
  /** Of the whole listener: streams whose request has not arrived. */
  readonly maxWaitingStreams: number;
  /** How long one may wait at most. */
  readonly maxDeadlineMs: number;
};

/** An honest caller's request is nearly always there with its headers, unless it makes many calls at once. */
const callsOnTrust = 4;
/** A connection with so many on which nothing has come, when places run out, is no caller's. */
const manySilent = 20;

/** Of one connection. */
type Streams = {
  /** Whose request has not arrived as a whole. */
  waiting: number;
  /** That ended before it had, less one for each that has arrived since. */
  lost: number;
  /** Of those that wait, those of which nothing but headers has come. */
  silent: number;
  /** One request has arrived, at least. */
  hasAsked: boolean;
};

type Waiting = { readonly of: Streams; readonly since: number; isHeld: boolean };

/** Often enough for the longest wait, and seldom beside it. */
const lookEveryMs = 1_000;

/**
 * Streams whose request has not arrived as a whole. When there are more than may be, connections that have many of them and have never
 * asked for anything are `cut`; where there is none, another with many, or else the oldest stream is taken back: nobody can take up the
 * memory, or the places, by only beginning. And on a connection where many wait, or were taken back, a stream becomes a call only when
 * something of its request is there, since a call costs ten times what a stream does.
 */
export function createWaitingStreams({ maxWaitingStreams, maxDeadlineMs }: WaitingLimits, cut: (session: Http2Session) => void) {
  /** In the order they came. */
  const waiting = new Map<ServerHttp2Stream, Waiting>();
  const bySession = new WeakMap<Http2Session, Streams>();
  const crowded = new Map<Http2Session, Streams>();
  const takeBackLate = watchLate(waiting, maxDeadlineMs);
  const forget = (stream: ServerHttp2Stream, { of }: Waiting): boolean => {
    const wasThere = waiting.delete(stream);
    if (wasThere) of.waiting -= 1;
    return wasThere;
  };
  const makeRoom = (): void => {
    const strangers = [...crowded].filter(([, { hasAsked }]) => !hasAsked);
    const sessions = strangers.length > 0 ? strangers : [...crowded].slice(0, 1);
    for (const [session, of] of sessions) {
      crowded.delete(session);
      for (const each of waiting) if (each[1].of === of) forget(...each);
      cut(session);
    }
    const [oldest] = waiting;
    if (sessions.length > 0 || !oldest) return;
    // Whoever has only a few may be honest, and held up by the others.
    forget(...oldest);
    oldest[0].close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  };
  return (stream: ServerHttp2Stream, becomeCall: () => void): void => {
    const { session } = stream;
    if (!session) return;
    const of = bySession.get(session) ?? { waiting: 0, lost: 0, silent: 0, hasAsked: false };
    bySession.set(session, of);
    const one = { of, since: performance.now(), isHeld: of.waiting + of.lost >= callsOnTrust };
    const speak = (): void => {
      if (!one.isHeld) return;
      one.isHeld = false;
      of.silent -= 1;
      if (of.silent === manySilent - 1) crowded.delete(session);
    };
    waiting.set(stream, one);
    of.waiting += 1;
    stream.once("end", () => {
      // What the peer took back ends, too.
      if (stream.aborted) return;
      of.hasAsked = true;
      if (forget(stream, one) && of.lost > 0) of.lost -= 1;
    });
    stream.once("close", () => {
      speak();
      if (forget(stream, one)) of.lost += 1;
    });
    if (one.isHeld) {
      of.silent += 1;
      if (of.silent === manySilent) crowded.set(session, of);
      hold(stream, speak, becomeCall);
      takeBackLate();
    } else becomeCall();
    if (waiting.size > maxWaitingStreams) makeRoom();
  };
}

/** Until there is something to read. */
function hold(stream: ServerHttp2Stream, onSomething: () => void, becomeCall: () => void): void {
  // A reset must not end the process.
  stream.on("error", () => undefined);
  stream.once("readable", () => {
    onSomething();
    // When whoever reads next can make it flow: not before the listener is gone for the stream, too.
    setImmediate(() => {
      if (!stream.destroyed) becomeCall();
    });
  });
}

/** Takes back those that were held for too long, for as long as there are any: a timer of its own would cost as much as the stream. */
function watchLate(waiting: ReadonlyMap<ServerHttp2Stream, Waiting>, maxMs: number): () => void {
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const now = performance.now();
    for (const [stream, { since, isHeld }] of waiting) {
      if (now - since < maxMs) break;
      if (isHeld) stream.close(constants.NGHTTP2_CANCEL);
    }
    if (waiting.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return () => {
    timer ??= setInterval(look, Math.min(lookEveryMs, maxMs)).unref();
  };
}
