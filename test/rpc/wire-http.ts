import type { Received, Sent, WireClient } from "./wire-clients.ts";
import { encodeRequest, isStream, okResponse } from "./wire-clients.ts";
import { connectError, grpcError } from "./wire-errors.ts";

const noClose = (): void => undefined;

export const createGrpcWebWire = (address: string): WireClient => ({
  name: "gRPC-Web",
  encoding: "binary",
  close: noClose,
  send: async (sent) => {
    const headers = { "content-type": "application/grpc-web+proto", ...(sent.timeout && { "grpc-timeout": sent.timeout.grpc }) };
    const response = await post(address, sent, headers, frame(encodeRequest(sent, "binary")));
    const frames = unframe(new Uint8Array(await response.arrayBuffer()));
    const trailers = frames.find(({ flags }) => flags & 0x80);
    const status = trailers ? parseTrailers(Buffer.from(trailers.bytes).toString()) : response.headers;
    const code = Number(status.get("grpc-status") ?? Number.NaN);
    const message = frames.find(({ flags }) => flags === 0);
    if (code === 0 && message) return okResponse(sent.method, message.bytes);
    const details = status.get("grpc-status-details-bin");
    return grpcError(code, decodeURIComponent(status.get("grpc-message") ?? ""), details ? Buffer.from(details, "base64") : undefined);
  },
});

export const createConnectWire = (address: string, encoding: WireClient["encoding"]): WireClient => ({
  name: encoding === "json" ? "JSON" : "Connect",
  encoding,
  close: noClose,
  send: (sent) => (isStream(sent.method) ? connectStream(address, encoding, sent) : connectUnary(address, encoding, sent)),
});

async function connectUnary(address: string, encoding: WireClient["encoding"], sent: Sent): Promise<Received> {
  const format = encoding === "json" ? "json" : "proto";
  const response = await post(address, sent, { "content-type": `application/${format}`, ...timeout(sent) }, encodeRequest(sent, encoding));
  if (!response.ok) return connectError(JSON.parse(await response.text()));
  if (encoding === "binary") return okResponse(sent.method, new Uint8Array(await response.arrayBuffer()));
  return { code: "OK", message: "", reason: "", domain: "", metadata: {}, violations: [], response: JSON.parse(await response.text()) };
}

async function connectStream(address: string, encoding: WireClient["encoding"], sent: Sent): Promise<Received> {
  const format = encoding === "json" ? "json" : "proto";
  const headers = { "content-type": `application/connect+${format}`, ...timeout(sent) };
  const response = await post(address, sent, headers, frame(encodeRequest(sent, encoding)));
  const end = unframe(new Uint8Array(await response.arrayBuffer())).find(({ flags }) => flags & 2);
  return connectError(JSON.parse(Buffer.from(end?.bytes ?? "{}").toString()).error ?? {});
}

const timeout = ({ timeout: asked }: Sent): Record<string, string> => (asked ? { "connect-timeout-ms": asked.connect } : {});

const post = (address: string, { method, headers }: Sent, more: Record<string, string>, body: Uint8Array): Promise<Response> =>
  fetch(`http://${address}/countersign.v1.CodeService/${method}`, {
    method: "POST",
    headers: { ...more, ...headers },
    body: body as Uint8Array<ArrayBuffer>,
  });

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
