import { z } from "zod";
import { whole } from "./forms.ts";

const ages = { most: 86_400, usual: 1_800 };
const idle = { most: 86_400, usual: 300 };

/** What a listener lets strangers use up. Each has a test that attacks it (`test/attack`). */
export const boundsSettings = z.strictObject({
  connections: whole("the connections of a listener", 10, 100_000).default(10_000),
  connectionsPerClient: whole("the connections of one client to a listener", 1, 100_000).default(1_000),
  mebibytesPerSecond: whole("the MiB a connection may send in a second", 1, 1_024).default(8),
  calmSeconds: whole("the seconds a client may not connect that was cut off for a flood", 0, 3_600).default(10),
  headerBytes: whole("the bytes of a request's headers", 4_096, 65_536).default(16_384),
  headerFields: whole("the number of a request's header fields", 20, 1_000).default(100),
  greetingSeconds: whole("the seconds a connection may take for its first headers", 1, 60).default(10),
  requestSeconds: whole("the seconds a request over HTTP/1.1 may take to arrive", 1, 60).default(15),
  callsInFlight: whole("the calls that are worked on at once", 10, 100_000).default(2_000),
  grpc: z
    .strictObject({
      streamsPerConnection: whole("the streams that are open at once on a connection", 10, 10_000).default(1_000),
      streamsWaiting: whole("the streams of a listener whose request has not arrived", 100, 100_000).default(2_000),
      resets: rate("streams that a connection takes back within a second", { burst: 500, perSecond: 50 }).prefault({}),
      controlFrames: rate("PING and SETTINGS frames of a connection", { burst: 200, perSecond: 20 }).prefault({}),
      sessionMebibytes: whole("the MiB that a connection's streams may keep", 1, 256).default(16),
      idleSeconds: whole("the seconds a connection may be without a call", 10, idle.most).default(idle.usual),
      ageSeconds: whole("the seconds after which a connection is renewed", 60, ages.most).default(ages.usual),
      pingSeconds: whole("the seconds between two questions whether the peer is there", 5, 3_600).default(60),
      pingTimeoutSeconds: whole("the seconds the peer may take to say that it is there", 1, 60).default(20),
    })
    .prefault({}),
  http: z
    .strictObject({
      keepAliveSeconds: whole("the seconds between two requests of a connection", 1, 600).default(65),
      silentSeconds: whole("the seconds in which no byte goes either way", 5, 600).default(60),
      ageSeconds: whole("the seconds after which a connection is renewed", 60, ages.most).default(ages.usual),
    })
    .prefault({}),
});

export type BoundsSettings = z.output<typeof boundsSettings>;

function rate(what: string, usual: { readonly burst: number; readonly perSecond: number }) {
  return z.strictObject({
    burst: whole(`the ${what} that may come at once`, 10, 10_000).default(usual.burst),
    perSecond: whole(`the ${what} in a second, in the long run`, 1, 10_000).default(usual.perSecond),
  });
}
