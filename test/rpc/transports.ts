/** The clients people use, as they come out of their packages. */
import type { Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { createConnectTransport as createWebConnect, createGrpcWebTransport as createWebGrpcWeb } from "@connectrpc/connect-web";
import type { Addresses } from "./wire-clients.ts";

/** One per wire and package; all of them carry streams. */
export function transportsTo(addresses: () => Addresses): Record<string, () => Transport> {
  const http = (): { baseUrl: string } => ({ baseUrl: `http://${addresses().http}` });
  return {
    "connect-node, gRPC": () => createGrpcTransport({ baseUrl: `http://${addresses().grpc}` }),
    "connect-node, gRPC-Web": () => createGrpcWebTransport({ ...http(), httpVersion: "1.1" }),
    "connect-node, Connect": () => createConnectTransport({ ...http(), httpVersion: "1.1", useBinaryFormat: true }),
    "connect-node, Connect with JSON": () => createConnectTransport({ ...http(), httpVersion: "1.1" }),
    "connect-web, Connect": () => createWebConnect(http()),
    "connect-web, gRPC-Web": () => createWebGrpcWeb(http()),
  };
}
