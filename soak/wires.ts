/** The calls of a caller, over gRPC and as JSON. An answer is told by one word: OK, a reason of the contract, or what went wrong below it. */
import { Agent, request as httpRequest } from "node:http";
import { type DescMethod, fromBinary, fromJson, type JsonObject, toBinary, toJson } from "@bufbuild/protobuf";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { AuthenticatorService } from "../src/gen/countersign/v1/authenticator_service_pb.js";
import { CodeService } from "../src/gen/countersign/v1/code_service_pb.js";
import { ProofService } from "../src/gen/countersign/v1/proof_service_pb.js";
import { ErrorInfoSchema } from "../src/gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../src/gen/google/rpc/status_pb.js";

export type Answer = { readonly outcome: string; readonly response: JsonObject };
export type Terms = { readonly key?: string; readonly origin?: string; readonly signal?: AbortSignal };
export type Wire = { call(method: string, request: JsonObject, terms?: Terms): Promise<Answer>; close(): void };

/** Longer than the service takes at most: who gives up is the service. */
const deadlineMs = 20_000;
/** What whoever breaks off a call sees of it. */
export const brokenOff = "broken off";

const methods = new Map<string, DescMethod>(
  [CodeService, AuthenticatorService, ProofService].flatMap((service) => service.methods.map((method) => [method.name, method])),
);

export function describe(name: string): { readonly path: string; readonly method: DescMethod } {
  const method = methods.get(name);
  if (!method) throw new Error(`no method ${name}`);
  return { path: `/${method.parent.typeName}/${name}`, method };
}

const same = (bytes: Buffer): Buffer => bytes;

export function createGrpcWire(address: string): Wire & { readonly client: Client } {
  const client = new Client(address, credentials.createInsecure());
  return {
    client,
    close: () => client.close(),
    call(name, request, terms = {}) {
      const { path, method } = describe(name);
      const bytes = Buffer.from(toBinary(method.input, fromJson(method.input, request)));
      return new Promise((resolve) => {
        const options = { deadline: Date.now() + deadlineMs };
        const call = client.makeUnaryRequest(path, same, same, bytes, metadataOf(terms), options, (error, response) => {
          if (error) resolve({ outcome: terms.signal?.aborted ? brokenOff : grpcOutcome(error), response: {} });
          else resolve({ outcome: "OK", response: toJson(method.output, fromBinary(method.output, response as Buffer)) as JsonObject });
        });
        terms.signal?.addEventListener("abort", () => call.cancel(), { once: true });
      });
    },
  };
}

export function metadataOf({ key }: Terms): Metadata {
  const metadata = new Metadata();
  if (key !== undefined) metadata.set("authorization", `Bearer ${key}`);
  return metadata;
}

export function grpcOutcome({ code, details, metadata }: ServiceError): string {
  const bytes = metadata.get("grpc-status-details-bin")[0];
  const status = Buffer.isBuffer(bytes) ? fromBinary(StatusSchema, bytes) : undefined;
  const info = status?.details.find(({ typeUrl }) => typeUrl.endsWith(ErrorInfoSchema.typeName));
  // Behind the first sentence come addresses and times.
  return info ? fromBinary(ErrorInfoSchema, info.value).reason : `gRPC status ${code}: ${details.split(".")[0]}`;
}

export function createJsonWire(address: string): Wire {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  return {
    close: () => agent.destroy(),
    async call(name, request, { key, origin, signal } = {}) {
      const headers = {
        "content-type": "application/json",
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(origin !== undefined && { origin }),
      };
      const url = `http://${address}${describe(name).path}`;
      try {
        const { status, text } = await post({ url, agent, headers, body: JSON.stringify(request), signal });
        const json = JSON.parse(text) as JsonObject;
        return status === 200 ? { outcome: "OK", response: json } : { outcome: connectOutcome(json as ConnectError, status), response: {} };
      } catch (error) {
        return { outcome: signal?.aborted ? brokenOff : `HTTP: ${String(error)}`, response: {} };
      }
    },
  };
}

export type Post = {
  readonly url: string;
  readonly agent?: Agent;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  readonly signal?: AbortSignal;
};

export function post({ url, agent, headers, body, signal }: Post): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const length = { "content-length": String(Buffer.byteLength(body)) };
    const options = { method: "POST", agent, headers: { ...headers, ...length }, signal, timeout: deadlineMs };
    const request = httpRequest(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.once("end", () => resolve({ status: response.statusCode ?? 0, text })).once("error", reject);
    });
    request.once("timeout", () => request.destroy(new Error(`no answer in ${deadlineMs} ms`)));
    request.once("error", reject).end(body);
  });
}

type ConnectError = { readonly code?: string; readonly details?: readonly { readonly type: string; readonly value: string }[] };

export function connectOutcome({ code, details = [] }: ConnectError, status: number): string {
  const info = details.find(({ type }) => type === ErrorInfoSchema.typeName);
  return info ? fromBinary(ErrorInfoSchema, Buffer.from(info.value, "base64")).reason : `HTTP ${status} ${code ?? ""}`.trim();
}
