import { constants, type Http2Session, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";

/** So many at once, and so many in a second in the long run. */
export type Rate = { readonly burst: number; readonly perSecond: number };

export type FrameLimits = {
  /** Streams that end by an error within a second: taken back by the peer (RST_STREAM), mostly. Callers who wait longer have waited. */
  readonly resets: Rate;
  /** PING and SETTINGS, which have to be answered each. */
  readonly controlFrames: Rate;
};

/** gRPC clients measure the connection by a PING for messages that arrive, and some send SETTINGS with the first call. */
const controlFramesPerCall = 3;

const soonMs = 1_000;

/**
 * Ends a connection that makes work without asking for anything: CVE-2023-44487, "rapid reset", and CVE-2019-9512 and -9515, the floods
 * of PING and SETTINGS.
 */
export function guardFrames(session: ServerHttp2Session, { resets, controlFrames }: FrameLimits): void {
  const calm = (): void => calmDown(session);
  const resetsLeft = createBucket(resets);
  const controlLeft = createBucket(controlFrames);
  const onControl = (): void => {
    if (!controlLeft.take()) calm();
  };
  session.on("ping", onControl);
  session.on("remoteSettings", onControl);
  session.on("stream", (stream: ServerHttp2Stream) => {
    const begunAt = performance.now();
    controlLeft.earn(controlFramesPerCall);
    stream.once("close", () => {
      if (stream.rstCode === constants.NGHTTP2_NO_ERROR || performance.now() - begunAt > soonMs) return;
      if (!resetsLeft.take()) calm();
    });
  });
}

/** Of the error by which a session tells of it. */
export const calmCode = "ERR_HTTP2_CALM";

/** GOAWAY with ENHANCE_YOUR_CALM (RFC 9113, section 10.5), and the end of the connection. The session tells of it as an error. */
export function calmDown(session: Http2Session): void {
  session.destroy(
    Object.assign(new Error("the peer makes work and asks for nothing"), { code: calmCode }),
    constants.NGHTTP2_ENHANCE_YOUR_CALM,
  );
}

type Bucket = { take(): boolean; earn(some: number): void };

function createBucket({ burst, perSecond }: Rate): Bucket {
  let left = burst;
  let at = performance.now();
  return {
    take() {
      const now = performance.now();
      left = Math.min(burst, left + ((now - at) * perSecond) / 1_000) - 1;
      at = now;
      return left >= 0;
    },
    earn(some) {
      left = Math.min(burst, left + some);
    },
  };
}
