/** What the conformance suite starts, once per configuration: one request on stdin, one answer on stdout, then it serves. */

import type { DescMessage } from "@bufbuild/protobuf";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { listenHttp } from "../../src/http/listen-http.ts";
import { createConnectHandler } from "../../src/rpc/connect-handler.ts";
import { listenGrpc } from "../../src/rpc/listen-grpc.ts";
import { maxDeadlineMs, maxStreamMs } from "../../src/rpc/service.ts";
import type { Generated } from "./service.ts";
import { conformanceRegistry, createConformanceService } from "./service.ts";

type ServerRequest = { readonly protocol: number; readonly messageReceiveLimit: number };
const grpcProtocol = 2;
/** The suite sends messages of up to 200 KiB where it does not ask for a limit. */
const roomyBytes = 1_048_576;

const gen = async <T>(file: string): Promise<T> =>
  (await import(new URL(`../gen/connectrpc/conformance/v1/${file}`, import.meta.url).href)) as T;
const generated = await gen<Generated>("service_pb.js");
const compat = await gen<{ ServerCompatRequestSchema: DescMessage; ServerCompatResponseSchema: DescMessage }>("server_compat_pb.js");

const request = fromBinary(compat.ServerCompatRequestSchema, await readFrame()) as unknown as ServerRequest;
const { port } = await serve(request);
writeFrame(toBinary(compat.ServerCompatResponseSchema, create(compat.ServerCompatResponseSchema, { host: "127.0.0.1", port } as never)));

async function serve({ protocol, messageReceiveLimit }: ServerRequest): Promise<{ port: number }> {
  const services = [createConformanceService(generated)];
  const maxMessageBytes = messageReceiveLimit || roomyBytes;
  const log = (failure: unknown) =>
    process.stderr.write(`${JSON.stringify(failure, (_, value) => (value instanceof Error ? value.stack : value))}\n`);
  const address = { host: "127.0.0.1", port: 0, setting: "conformance" };
  if (protocol === grpcProtocol) return (await listenGrpc({ ...address, services, log, limits: { maxMessageBytes } })).address;
  const limits = { maxMessageBytes, maxDeadlineMs, maxStreamMs };
  const rpc = createConnectHandler({ services, log, ...limits, registry: conformanceRegistry(generated) });
  return (await listenHttp({ ...address, rpc, origins: () => new Set(), routes: () => ({ isReady: () => true }), onError: log })).address;
}

async function readFrame(): Promise<Uint8Array> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    bytes = Buffer.concat([bytes, chunk as Buffer]);
    if (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32BE(0)) break;
  }
  return bytes.subarray(4, 4 + bytes.readUInt32BE(0));
}

function writeFrame(bytes: Uint8Array): void {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.byteLength);
  process.stdout.write(Buffer.concat([length, bytes]));
}
