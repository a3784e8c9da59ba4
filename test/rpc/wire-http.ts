import { type ClientTls, createTlsFetch, type Fetch } from "./tls-fetch.ts";
import type { Received, Sent, WireClient } from "./wire-clients.ts";
import { encodeRequest, isStream, okResponse } from "./wire-clients.ts";
import { connectError, grpcError } from "./wire-errors.ts";

type Post = (sent: Sent, more: Record<string, string>, body: Uint8Array) => Promise<Response>;

export function createGrpcWebWire(address: string, tls?: ClientTls): WireClient {
  const { post, close } = postTo(address, tls);
  return { name: "gRPC-Web", encoding: "binary", close, send: (sent) => grpcWeb(post, sent) };
}

async function grpcWeb(post: Post, sent: Sent): Promise<Received> {
  const headers = { "content-type": "application/grpc-web+proto", ...(sent.timeout && { "grpc-timeout": sent.timeout.grpc }) };
  const response = await post(sent, headers, frame(encodeRequest(sent, "binary")));
  const frames = unframe(new Uint8Array(await response.arrayBuffer()));
  const trailers = frames.find(({ flags }) => flags & 0x80);
  const status = trailers ? parseTrailers(Buffer.from(trailers.bytes).toString()) : response.headers;
  const code = Number(status.get("grpc-status") ?? Number.NaN);
  const message = frames.find(({ flags }) => flags === 0);
  if (code === 0 && message) return okResponse(sent.method, message.bytes);
  const details = status.get("grpc-status-details-bin");
  return grpcError(code, decodeURIComponent(status.get("grpc-message") ?? ""), details ? Buffer.from(details, "base64") : undefined);
}

export function createConnectWire(address: string, encoding: WireClient["encoding"], tls?: ClientTls): WireClient {
  const { post, close } = postTo(address, tls);
  return {
    name: encoding === "json" ? "JSON" : "Connect",
    encoding,
    close,
    send: (sent) => (isStream(sent.method) ? connectStream(post, encoding, sent) : connectUnary(post, encoding, sent)),
  };
}

async function connectUnary(post: Post, encoding: WireClient["encoding"], sent: Sent): Promise<Received> {
  const format = encoding === "json" ? "json" : "proto";
  const response = await post(sent, { "content-type": `application/${format}`, ...timeout(sent) }, encodeRequest(sent, encoding));
  if (!response.ok) return connectError(JSON.parse(await response.text()));
  if (encoding === "binary") return okResponse(sent.method, new Uint8Array(await response.arrayBuffer()));
  return { code: "OK", message: "", reason: "", domain: "", metadata: {}, violations: [], response: JSON.parse(await response.text()) };
}

async function connectStream(post: Post, encoding: WireClient["encoding"], sent: Sent): Promise<Received> {
  const format = encoding === "json" ? "json" : "proto";
  const headers = { "content-type": `application/connect+${format}`, ...timeout(sent) };
  const response = await post(sent, headers, frame(encodeRequest(sent, encoding)));
  const end = unframe(new Uint8Array(await response.arrayBuffer())).find(({ flags }) => flags & 2);
  return connectError(JSON.parse(Buffer.from(end?.bytes ?? "{}").toString()).error ?? {});
}

const timeout = ({ timeout: asked }: Sent): Record<string, string> => (asked ? { "connect-timeout-ms": asked.connect } : {});

function postTo(address: string, tls: ClientTls | undefined): { post: Post; close: () => void } {
  const { fetch: send, close } = tls ? createTlsFetch(tls) : { fetch: fetch as Fetch, close: () => undefined };
  const post: Post = ({ method, headers }, more, body) =>
    send(`${tls ? "https" : "http"}://${address}/countersign.v1.CodeService/${method}`, {
      method: "POST",
      headers: { ...more, ...headers },
      body: body as Uint8Array<ArrayBuffer>,
    });
  return { post, close };
}

function frame(bytes: Uint8Array): Uint8Array {
  const envelope = Buffer.alloc(5 + bytes.byteLength);
  envelope.writeUInt32BE(bytes.byteLength, 1);
  envelope.set(bytes, 5);
  return envelope;
}

function unframe(bytes: Uint8Array): { flags: number; bytes: Uint8Array }[] {
  const body = Buffer.from(bytes);
  const frames = [];
  for (let at = 0; at + 5 <= body.length; ) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    frames.push({ flags: body.readUInt8(at), bytes: body.subarray(at + 5, end) });
    at = end;
  }
  return frames;
}

const parseTrailers = (text: string): Map<string, string> =>
  new Map(
    text
      .split("\r\n")
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf(":")).trim().toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
