/**
 * One client per wire, each with its own framing and nothing else, so that anything can be sent: raw bytes, broken headers. What
 * comes back is brought to one form, so that one table of cases can be held against all four.
 */
import type { DescMessage, JsonObject } from "@bufbuild/protobuf";
import { fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { CodeService } from "../../src/gen/countersign/v1/code_service_pb.js";
import type { ClientTls } from "./tls-fetch.ts";
import { createGrpcWire } from "./wire-grpc.ts";
import { createConnectWire, createGrpcWebWire } from "./wire-http.ts";

export type Method = "SendCode" | "ResendCode" | "VerifyCode" | "CancelChallenge" | "GetChallenge" | "WatchChallenge";

export type Sent = {
  readonly method: Method;
  /** The request in its JSON form, encoded as the wire needs it. */
  readonly request?: JsonObject;
  /** Sent as it is, in place of `request`, on the wire of that encoding. */
  readonly json?: string | Uint8Array;
  readonly binary?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** The deadline as the header of the wire has it. */
  readonly timeout?: { readonly grpc: string; readonly connect: string };
};

export type Received = {
  /** `OK`, or the code in capitals. */
  readonly code: string;
  readonly message: string;
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterMs?: number;
  readonly violations: readonly { readonly field: string; readonly description: string }[];
  readonly response?: JsonObject;
};

export type WireClient = {
  readonly name: "gRPC" | "gRPC-Web" | "Connect" | "JSON";
  readonly encoding: "binary" | "json";
  send(sent: Sent): Promise<Received>;
  close(): void;
};

export type Addresses = { readonly grpc: string; readonly http: string };

/** The four wires of a service that listens on `host:port`. `key` is sent wherever a case does not say otherwise. */
export function wireClients({ grpc, http }: Addresses, key?: string, tls?: ClientTls): WireClient[] {
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const wires = [
    createGrpcWire(grpc, tls),
    createGrpcWebWire(http, tls),
    createConnectWire(http, "binary", tls),
    createConnectWire(http, "json", tls),
  ];
  return wires.map((wire) => ({ ...wire, send: (sent) => wire.send({ ...sent, headers: { ...headers, ...sent.headers } }) }));
}

export function encodeRequest({ method, request, json, binary }: Sent, encoding: WireClient["encoding"]): Uint8Array {
  const { input } = descOf(method);
  if (encoding === "binary") return binary ?? toBinary(input, fromJson(input, request ?? {}));
  return typeof json === "string" || json === undefined ? Buffer.from(json ?? JSON.stringify(request ?? {})) : json;
}

export const okResponse = (method: Method, response: Uint8Array): Received => ({
  code: "OK",
  message: "",
  reason: "",
  domain: "",
  metadata: {},
  violations: [],
  response: toJson(descOf(method).output, fromBinary(descOf(method).output, response)) as JsonObject,
});

export const isStream = (method: Method): boolean => method === "WatchChallenge";

const descOf = (method: Method): { input: DescMessage; output: DescMessage } =>
  CodeService.methods.find(({ name }) => name === method) as { input: DescMessage; output: DescMessage };
