/** Wires that keep every byte of every answer: bodies, headers, trailers, details. */
import { Client, credentials, Metadata, type StatusObject } from "@grpc/grpc-js";
import { vi } from "vitest";
import { encodeRequest, okResponse, type Sent, type WireClient } from "../rpc/wire-clients.ts";
import { grpcError } from "../rpc/wire-errors.ts";
import type { Output } from "./secrets-in.ts";
import { connectTo, type Service } from "./service.ts";

export type Recorder = { readonly wires: readonly WireClient[]; readonly outputs: Output[]; close(): void };

export function record(service: Service, key?: string): Recorder {
  const outputs: Output[] = [];
  const keep = (name: string, ...parts: (string | Uint8Array)[]): void => {
    outputs.push({ name: `answer ${outputs.length} (${name})`, bytes: Buffer.concat(parts.map((part) => Buffer.from(part as string))) });
  };
  const { fetch } = globalThis;
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const response = await fetch(url, init);
    const body = Buffer.from(await response.arrayBuffer());
    // The inbox exists to show codes.
    if (!url.includes("/dev/inbox")) keep(new URL(url).pathname, JSON.stringify([...response.headers]), body);
    return new Response(body, response);
  });
  const client = new Client(service.grpc, credentials.createInsecure());
  const gRPC: WireClient = {
    name: "gRPC",
    encoding: "binary",
    close: () => client.close(),
    send: (sent) => call(client, sent, { key, keep }),
  };
  const { wires } = connectTo(service, key);
  return {
    wires: wires.map((wire) => (wire.name === "gRPC" ? gRPC : wire)),
    outputs,
    close() {
      client.close();
      vi.unstubAllGlobals();
    },
  };
}

type Keep = { readonly key: string | undefined; readonly keep: (name: string, ...parts: (string | Uint8Array)[]) => void };

async function call(client: Client, sent: Sent, { key, keep }: Keep) {
  const metadata = new Metadata();
  if (key !== undefined) metadata.set("authorization", `Bearer ${key}`);
  const parts: (string | Uint8Array)[] = [];
  const keepMetadata = (each: Metadata): void => {
    for (const [name, values] of Object.entries(each.toJSON())) parts.push(name, ...values);
  };
  const identity = (bytes: Buffer): Buffer => bytes;
  const { status, response } = await new Promise<{ status: StatusObject; response: Buffer | undefined }>((resolve) => {
    let received: Buffer | undefined;
    const path = `/countersign.v1.CodeService/${sent.method}`;
    const unary = client.makeUnaryRequest(path, identity, identity, Buffer.from(encodeRequest(sent, "binary")), metadata, (_, bytes) => {
      received = bytes;
    });
    unary.on("metadata", keepMetadata);
    unary.on("status", (ended) => setImmediate(() => resolve({ status: ended, response: received })));
  });
  keepMetadata(status.metadata);
  keep(`gRPC ${sent.method}`, status.details, ...parts, ...(response ? [response] : []));
  if (response) return okResponse(sent.method, response);
  return grpcError(status.code, status.details, status.metadata.get("grpc-status-details-bin")[0] as Buffer | undefined);
}
