/** `grpc.health.v1.Health` as Kubernetes and gRPC clients ask it. */
import { Client, credentials } from "@grpc/grpc-js";
import { onTestFinished } from "vitest";

const identity = (bytes: Buffer): Buffer => bytes;
const nothing = Buffer.alloc(0);

export function checkHealth(address: string): Promise<string> {
  const client = newClient(address);
  return new Promise((resolve) => {
    client.makeUnaryRequest("/grpc.health.v1.Health/Check", identity, identity, nothing, (error, response) =>
      resolve(error ? `error ${error.code}` : statusIn(response)),
    );
  });
}

/** Fills `seen` with every status it is told. */
export function watchHealth(address: string): { readonly seen: string[] } {
  const seen: string[] = [];
  const stream = newClient(address).makeServerStreamRequest("/grpc.health.v1.Health/Watch", identity, identity, nothing);
  stream.on("data", (response: Buffer) => seen.push(statusIn(response)));
  stream.on("error", () => undefined);
  return { seen };
}

function newClient(address: string): Client {
  const client = new Client(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  onTestFinished(() => client.close());
  return client;
}

/** `HealthCheckResponse` has one field, an enum. */
const statusIn = (response?: Buffer): string => ["UNKNOWN", "SERVING", "NOT_SERVING"][response?.[1] ?? 0] ?? "UNKNOWN";
