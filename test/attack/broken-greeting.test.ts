/** A probe, or a neighbour behind the same address, that does not speak HTTP/2: it keeps out nobody but itself. */
import { expect, test } from "vitest";
import { frame, greeting, preface, type } from "./frames.ts";
import { framesOf } from "./peer.ts";
import { attackFrom, startBounded } from "./two-services.ts";

const request = "POST /countersign.v1.CodeService/SendCode HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";

test.for<[string, (string | Uint8Array)[]]>([
  ["a request of HTTP/1.1", [request]],
  ["a request of HTTP/1.1, in pieces", [request.slice(0, 30), request.slice(30)]],
  ["a TLS handshake", [Buffer.concat([Buffer.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3), Buffer.alloc(512, 7)])]],
  ["noise", [Buffer.alloc(4_096, 0xa5)]],
  ["a broken frame after the greeting", [Buffer.concat([Buffer.from(greeting), frame({ type: type.ping, payload: Buffer.alloc(3) })])]],
  ["the preface without SETTINGS", [Buffer.concat([preface, frame({ type: type.ping, payload: Buffer.alloc(8) })])]],
])("%s on the gRPC listener has nobody else of its address shut out", async ([, pieces]) => {
  const { grpc } = await startBounded({ connections: { calmMs: 600_000 } });
  const probe = await attackFrom(grpc);
  for (const piece of pieces) await probe.write(piece);
  await probe.closed;
  const honest = await attackFrom(grpc);
  await honest.write(greeting);
  await expect.poll(() => framesOf(honest.received()).map((each) => each.type), { timeout: 20_000 }).toContain(type.settings);
});
